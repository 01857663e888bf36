"""Sizes that several families draw from, and those that are worth several threads."""

from math import inf
from typing import Any

from hypothesis import strategies as st

from tests.kernels.cases.case import Strategy

# Mostly not empty, and mostly shorter than a vector; one axis may be longer.
COUNTS = st.sampled_from([1, 2, 3, 2, 3, 0])
LONG = st.sampled_from([7, 16, 17, 40])

# What smaller results of a product become: nothing, or 0 as of ReLU.
LEAST = st.sampled_from([-inf, 0.0])


@st.composite
def array_shapes(draw, min_dims=0, min_side=0):
    lengths = st.sampled_from([length for length in (1, 2, 3, 4, 5, 2, 3, 4, 5, 0) if length >= min_side])
    rank = draw(st.integers(min_dims, 4))
    shape = draw(st.lists(lengths, min_size=rank, max_size=rank))
    if shape and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = draw(LONG)
    return tuple(shape)


SHAPES = array_shapes()


@st.composite
def shape_and_axis(draw, min_side=0):
    shape = draw(array_shapes(1, min_side))
    return {"shape": shape, "axis": draw(st.integers(0, len(shape) - 1))}


@st.composite
def shape_and_axes(draw, min_side=0):
    shape = draw(array_shapes(0, min_side))
    return {"shape": shape, "axes": tuple(axis for axis in range(len(shape)) if draw(st.booleans()))}


def pairs(low: int, high: int) -> Strategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def window_sizes(draw, kernel, padding, dilation, ceil_mode=False):
    """Stride and length of an axis on which a window fits."""
    stride = draw(st.integers(1, 4))
    window = dilation * (kernel - 1) + 1
    least = max(window - 2 * padding - (stride - 1 if ceil_mode else 0), 0)
    return stride, least + draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 20]))


def sized(**strategies: Strategy[Any]) -> Strategy[dict[str, Any]]:
    return st.fixed_dictionaries(strategies)


SHAPED = sized(shape=SHAPES)
LARGE = ({"shape": (3, 70, 401)},)  # its halves do not end where a vector ends
LARGE_AXIS = ({"shape": (40, 9, 70), "axis": 1}, {"shape": (90, 300), "axis": 1}, {"shape": (300, 90), "axis": 0})
