"""Hypothesis strategies for tests of ops: it draws shapes, options and a seed, and NumPy fills arrays from the seed.

So examples are drawn fast and shrink to small shapes, whatever the arrays hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad.dtypes import DType, as_dtype, float64
from minigrad.testing.fills import Fill, floats
from minigrad.testing.layouts import LAYOUTS, relaid
from minigrad.testing.opspec import OpSpec, Origin, Sample, converted

Shape = tuple[int, ...]


def samples(build: Callable[..., Sample], **sizes: st.SearchStrategy[Any]) -> st.SearchStrategy[Sample]:
    """What `build(rng, **sizes)` makes of drawn sizes and a generator with a drawn seed.

    A sample knows its seed and sizes, from which `OpSpec.sample` makes it again.
    """

    def seeded(seed: int, drawn: dict[str, Any]) -> Sample:
        return replace(build(np.random.default_rng(seed), **drawn), origin=Origin(seed, drawn))

    strategy = st.builds(seeded, st.integers(0, 2**32 - 1), st.fixed_dictionaries(sizes))
    strategy.build = build  # type: ignore[attr-defined]
    return strategy


def filled(*fills: Fill, shape: st.SearchStrategy[Shape] | None = None) -> st.SearchStrategy[Sample]:
    """Samples with an input for each of `fills`, all of one shape: those of an elementwise op."""

    def build(rng: np.random.Generator, shape: Shape) -> Sample:
        return Sample(tuple(fill(rng, shape) for fill in fills))

    return samples(build, shape=shapes() if shape is None else shape)


def lengths(min_side: int = 0) -> st.SearchStrategy[int]:
    """Lengths of an axis: 1 to 5, and rarely 0 where that is allowed."""
    usual = (1, 2, 3, 4, 5, 2, 3, 4, 5)
    return st.sampled_from(usual if min_side else (*usual, 0))


@st.composite
def shapes(draw: Callable[..., Any], min_dims: int = 0, max_dims: int = 4, min_side: int = 0) -> Shape:
    """Shapes, 0-d ones and such with axes of length 0 among them."""
    rank = draw(st.integers(min_dims, max_dims))
    return tuple(draw(st.lists(lengths(min_side), min_size=rank, max_size=rank)))


@st.composite
def empty_shapes(draw: Callable[..., Any], max_dims: int = 4, batch: bool = False) -> Shape:
    """Shapes of no elements, some axis having the length 0; with `batch` the first one alone has."""
    shape = draw(shapes(min_dims=1, max_dims=max_dims, min_side=1 if batch else 0))
    axis = 0 if batch else draw(st.integers(0, len(shape) - 1))
    return (*shape[:axis], 0, *shape[axis + 1 :])


@st.composite
def narrowed(draw: Callable[..., Any], wide: Shape) -> Shape:
    """Shapes that broadcast to `wide`."""
    start = draw(st.integers(0, len(wide)))
    return tuple(draw(st.sampled_from((length, length, 1))) for length in wide[start:])


@st.composite
def broadcastable_shapes(draw: Callable[..., Any], count: int = 2, max_dims: int = 4) -> tuple[Shape, ...]:
    """So many shapes that broadcast to a common one."""
    wide = draw(shapes(max_dims=max_dims))
    return tuple(draw(narrowed(wide)) for _ in range(count))


@st.composite
def shape_and_axis(draw: Callable[..., Any], min_side: int = 0) -> tuple[Shape, int]:
    """A shape, and one of its axes, which may count from the end."""
    shape = draw(shapes(min_dims=1, min_side=min_side))
    return shape, draw(st.integers(-len(shape), len(shape) - 1))


@st.composite
def shape_and_axes(draw: Callable[..., Any], min_side: int = 0) -> tuple[Shape, Any]:
    """A shape, and some of its axes in any order; None for all of them."""
    shape = draw(shapes(min_side=min_side))
    if not shape or draw(st.booleans()):
        return shape, None
    axes = draw(st.lists(st.integers(0, len(shape) - 1), unique=True, min_size=1))
    signed = tuple(axis - len(shape) if draw(st.booleans()) else axis for axis in axes)
    return shape, signed[0] if len(signed) == 1 and draw(st.booleans()) else signed


@st.composite
def arrays(
    draw: Callable[..., Any],
    dtype: Any = float64,
    shape: st.SearchStrategy[Shape] | None = None,
    fill: Fill = floats,
    layouts: Sequence[str] = ("contiguous",),
) -> Any:
    """NumPy arrays of a dtype, bounded: what `fill` gives for a drawn shape and seed, in one of some memory layouts.

    For arrays of which no two elements are equal, `fill=fills.distinct`; for any memory, `layouts=LAYOUTS`.
    """
    wanted = as_dtype(dtype)
    drawn = draw(shapes() if shape is None else shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # NumPy's arithmetic makes scalars of 0-d arrays.
    return relaid(np.asarray(converted(np.asarray(fill(rng, drawn)), wanted)), draw(st.sampled_from(layouts)))


@st.composite
def with_specials(
    draw: Callable[..., Any], arrays: st.SearchStrategy[Any], values: Sequence[float] = (nan, inf, -inf)
) -> Any:
    """The arrays with one to three of their elements, where there are any, NaN or infinite."""
    array = draw(arrays).copy(order="C")
    places = (
        st.lists(st.integers(0, array.size - 1), min_size=1, max_size=3, unique=True) if array.size else st.just([])
    )
    for place in draw(places):
        array.reshape(-1)[place] = draw(st.sampled_from(values))
    return array


@st.composite
def laid_out(draw: Callable[..., Any], samples: st.SearchStrategy[Sample]) -> Sample:
    """The samples with their inputs in any memory layout."""
    sample: Sample = draw(samples)
    return sample.relaid(*(draw(st.sampled_from(LAYOUTS)) for _ in sample.inputs))


@st.composite
def typed(draw: Callable[..., Any], samples: st.SearchStrategy[Sample], dtypes: Sequence[DType]) -> Sample:
    """The samples with their float inputs in any of some dtypes."""
    sample: Sample = draw(samples)
    return sample.astype(draw(st.sampled_from(dtypes)))


def of_any_dtype(spec: OpSpec) -> st.SearchStrategy[Sample]:
    """A record's samples in its dtypes and in any memory layout."""
    return laid_out(typed(spec.samples, spec.dtypes))
