"""Records of indexing: by integers and slices, by arrays of positions, by masks."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.errors import DataError, DTypeError, PositionError, ShapeError
from minigrad.ops import index as ops
from minigrad.ops import slicing
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import floats
from minigrad.testing.strategies import narrowed, samples, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import NUMBERS


@st.composite
def indexings(draw):
    shape = draw(shapes())
    index = draw(hnp.basic_indices(shape, allow_newaxis=True))
    return shape, index


@st.composite
def array_indexings(draw):
    """A shape, and for some of its axes an integer, a slice, or the shape of an array, with None between them."""
    shape = draw(shapes(min_dims=1, min_side=1))
    wide = draw(shapes(max_dims=2))
    items = []
    count = draw(st.integers(1, len(shape)))
    is_last = draw(st.booleans())
    for length in shape[-count:] if is_last else shape[:count]:
        if draw(st.integers(0, 5)) == 0:
            items.append(None)
        kinds = [st.integers(-length, length - 1), hnp.basic_indices((length,), allow_ellipsis=False).filter(is_slice)]
        arrays = narrowed(wide).filter(bool).map(lambda lengths, length=length: (lengths, length))
        items.append(draw(st.one_of(*kinds, *[arrays] * 2) if wide else st.one_of(*kinds)))
    if is_last:
        items.insert(0, Ellipsis)
    return shape, items


def is_slice(index):
    return isinstance(index, slice)


@st.composite
def maskings(draw):
    """A shape, the axes before a mask, and those that it has."""
    shape = draw(shapes(min_dims=1))
    before = draw(st.integers(0, len(shape) - 1))
    return shape, before, draw(st.integers(1, len(shape) - before))


def indexed(rng, drawn):
    shape, index = drawn
    return Sample((floats(rng, shape),), {"index": index})


def indexed_by_arrays(rng, drawn):
    shape, items = drawn
    index = tuple(rng.integers(-i[1], i[1], i[0]) if isinstance(i, tuple) else i for i in items)
    return Sample((floats(rng, shape),), {"index": index})


def masked(rng, drawn, is_list):
    shape, before, count = drawn
    mask = rng.random(shape[before : before + count]) < 0.5
    keep = is_list and mask.size
    return Sample((floats(rng, shape),), {"index": (slice(None),) * before + (mask.tolist() if keep else mask,)})


def refused(index, error, message):
    return ErrorInput((X,), error, f"index: {message}", {"index": index})


X = np.zeros((2, 3))
HERE = "\n  input: float64[2, 3]"
INDEX = wraps(ops.getitem)(lambda input, index: input[index])

RECORDS = [
    OpSpec(
        "getitem",
        INDEX,
        samples(indexed, drawn=indexings()),
        slicing.SLICE,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            refused(2, PositionError, "2 is outside axis 0 of length 2" + HERE),
            refused((0, 0, 0), ShapeError, "3 indices and 0 Ellipsis do not fit" + HERE),
            refused((..., 0, ...), ShapeError, "1 indices and 2 Ellipsis do not fit" + HERE),
            refused(slice(None, None, 0), ShapeError, "a slice's step must not be 0"),
            refused(0.5, DTypeError, "an index must be an integer, got 0.5"),
            refused(True, DTypeError, "an index must be an integer, got True"),
            refused(np.array(True), DTypeError, "an index must be an integer, got True"),
            refused("text", DTypeError, "an index must be an integer, got 'text'"),
        ),
    ),
    OpSpec(
        "getitem by arrays",
        INDEX,
        samples(indexed_by_arrays, drawn=array_indexings()),
        linear=(0,),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            refused([0, 2], DataError, "positions along axis 0 must lie in [-2, 2), they span [0, 2]" + HERE),
            refused((0, [-4, 1]), DataError, "positions along axis 1 must lie in [-3, 3), they span [-4, 1]" + HERE),
            refused([0.0, 1.0], DTypeError, "an array of positions must be int64, int32 or bool, this is float32"),
            refused(
                np.zeros(2, np.uint8), DTypeError, "an array of positions must be int64, int32 or bool, this is uint8"
            ),
            refused(
                ([0, 1], [0, 1, 2]),
                ShapeError,
                "shapes (2,) and (3,) do not broadcast: lengths 2 and 3 differ\n"
                "  array_0: int64[2]\n"
                "  array_1: int64[3]",
            ),
            refused(([0], [0], [0]), ShapeError, "3 indices and 0 Ellipsis do not fit" + HERE),
        ),
    ),
    OpSpec(
        "getitem by masks",
        INDEX,
        samples(masked, drawn=maskings(), is_list=st.booleans()),
        linear=(0,),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            refused(
                np.ones(3, bool),
                ShapeError,
                "a mask must have the lengths of its axes, from axis 0 on, it has (3,)" + HERE,
            ),
            refused((0, np.ones((2, 3), bool)), ShapeError, "3 indices and 0 Ellipsis do not fit" + HERE),
        ),
    ),
]
