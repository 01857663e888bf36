"""Hypothesis strategies for tests of ops: it draws shapes, options and a seed, and NumPy fills arrays from the seed.

So examples are drawn fast and shrink to small shapes, whatever the arrays hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minigrad.testing.opspec import Sample

Shape = tuple[int, ...]
LAYOUTS = ("contiguous", "read-only", "transposed", "sliced", "negative stride")


def samples(build: Callable[..., Sample], **sizes: st.SearchStrategy[Any]) -> st.SearchStrategy[Sample]:
    """What `build(rng, **sizes)` makes of drawn sizes and a generator with a drawn seed."""

    def seeded(seed: int, drawn: dict[str, Any]) -> Sample:
        return build(np.random.default_rng(seed), **drawn)

    return st.builds(seeded, st.integers(0, 2**32 - 1), st.fixed_dictionaries(sizes))


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


def relaid(array: Any, layout: str) -> Any:
    """The same elements in other memory."""
    backwards = (*(slice(None, None, -1),) * array.ndim, ...)
    match layout:
        case "transposed":
            return array.T.copy(order="C").T
        case "negative stride":
            return array[backwards].copy(order="C")[backwards]
        case "sliced":
            wide = np.repeat(array[..., None], 2, axis=-1)
            return wide[..., 0]
        case "read-only":
            copy = array.copy(order="C")
            copy.flags.writeable = False
            return copy
    return array.copy(order="C")


@st.composite
def laid_out(draw: Callable[..., Any], samples: st.SearchStrategy[Sample]) -> Sample:
    """The samples with their inputs in any memory layout."""
    sample = draw(samples)
    inputs = tuple(relaid(array, draw(st.sampled_from(LAYOUTS))) for array in sample.inputs)
    return replace(sample, inputs=inputs)
