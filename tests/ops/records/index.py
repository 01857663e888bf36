"""Records of indexing, padding and joining."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import index as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import distinct, floats
from minigrad.testing.strategies import samples, shape_and_axis, shapes
from minigrad.testing.tolerance import exact, summed
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def indexings(draw):
    shape = draw(shapes())
    index = draw(hnp.basic_indices(shape, allow_newaxis=True))
    return shape, index


@st.composite
def embeddings(draw):
    """Where to put something: the op wants a tuple without Ellipsis, its integers counted from the start."""
    shape = draw(shapes())
    index = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=False))
    items = index if isinstance(index, tuple) else (index,)
    lengths = iter(shape)
    placed = [(item, None if item is None else next(lengths)) for item in items]
    return shape, tuple(item % length if isinstance(item, int) else item for item, length in placed)


@st.composite
def paddings(draw):
    shape = draw(shapes())
    axes = draw(st.integers(0, len(shape)))
    return shape, tuple(draw(st.lists(st.integers(0, 2), min_size=2 * axes, max_size=2 * axes)))


@st.composite
def gatherings(draw):
    """The input's shape, an axis, and an index's shape that is no longer on the other axes."""
    shape, dim = draw(shape_and_axis(min_side=1))
    index_shape = [draw(st.integers(1, length)) for length in shape]
    index_shape[dim] = draw(st.integers(0, 6))
    return shape, dim, tuple(index_shape)


@st.composite
def joinings(draw):
    shape, dim = draw(shape_and_axis())
    return shape, dim, draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))


def indexed(rng, drawn):
    shape, index = drawn
    return Sample((floats(rng, shape),), {"index": index})


def embedded(rng, drawn):
    shape, index = drawn
    return Sample((floats(rng, np.empty(shape)[index].shape),), {"params": (index, shape)})


def padded(rng, drawn):
    shape, amounts = drawn
    return Sample((floats(rng, shape),), {"pad": amounts})


def gathered(rng, drawn):
    shape, dim, index_shape = drawn
    return Sample((floats(rng, shape), rng.integers(0, shape[dim], index_shape)), {"dim": dim})


def scattered(rng, drawn):
    shape, dim, index_shape = drawn
    inputs = floats(rng, index_shape), rng.integers(0, shape[dim], index_shape)
    return Sample(inputs, {"params": (dim % len(shape), shape)})


def joined(rng, drawn):
    shape, dim, lengths = drawn
    parts = [list(shape) for _ in lengths]
    for part, length in zip(parts, lengths, strict=True):
        part[dim] = length
    return Sample(tuple(floats(rng, tuple(part)) for part in parts), {"dim": dim})


def stacked(rng, drawn, count):
    shape, dim = drawn
    return Sample(tuple(floats(rng, shape) for _ in range(count)), {"dim": dim})


def maxima(rng, drawn, keepdim):
    shape, dim = drawn
    return Sample((distinct(rng, shape),), {"dim": dim, "keepdim": keepdim})


X = np.zeros((2, 3))
GATHER_FIT = "gather: index must have input's axes, none but axis 0 longer\n"

RECORDS = [
    OpSpec(
        "getitem",
        wraps(ops.getitem)(lambda input, index: input[index]),
        samples(indexed, drawn=indexings()),
        ops.SLICE,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (X,), ShapeError, "index: 2 is outside axis 0 of length 2\n  input: float64[2, 3]", {"index": 2}
            ),
            ErrorInput(
                (X,),
                ShapeError,
                "index: 3 indices and 0 Ellipsis do not fit\n  input: float64[2, 3]",
                {"index": (0, 0, 0)},
            ),
            ErrorInput((X,), ShapeError, "index: a slice's step must not be 0", {"index": slice(None, None, 0)}),
            ErrorInput((X,), DTypeError, "index: an index must be an integer, got 0.5", {"index": 0.5}),
        ),
    ),
    OpSpec(
        "embed",
        applied(ops.EMBED),
        samples(embedded, drawn=embeddings()),
        ops.EMBED,
        tolerance=exact,
        dtypes=NUMBERS,
    ),
    OpSpec(
        "pad",
        F.pad,
        samples(padded, drawn=paddings()),
        linear=(0,),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("pad")._replace(options={"pad": (1, 1)}),
            ErrorInput(
                (X,),
                ShapeError,
                "pad: a (before, after) pair for some of the axes, got 3 numbers\n  input: float64[2, 3]",
                {"pad": (1, 1, 1)},
            ),
            ErrorInput((X,), ShapeError, "pad: an amount must be at least 0, got -1", {"pad": (1, -1)}),
        ),
    ),
    OpSpec(
        "cat",
        wraps(mg.cat)(lambda *tensors, dim: mg.cat(tensors, dim)),
        samples(joined, drawn=joinings()),
        ops.CAT,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput((), ShapeError, "cat: at least one tensor is required, got none", {"dim": 0}),
            ErrorInput(
                (X, np.zeros((2, 4))),
                ShapeError,
                "cat: shapes must be equal but for axis 0\n  tensor_0: float64[2, 3]\n  tensor_1: float64[2, 4]",
                {"dim": 0},
            ),
            ErrorInput(
                (X, X.astype(np.float32)),
                DTypeError,
                "cat: tensor_0 and tensor_1 must have one dtype; write tensor_1.to(tensor_0.dtype)\n"
                "  tensor_0: float64[2, 3]\n"
                "  tensor_1: float32[2, 3]",
                {"dim": 0},
            ),
        ),
    ),
    OpSpec(
        "stack",
        wraps(mg.stack)(lambda *tensors, dim: mg.stack(tensors, dim)),
        samples(stacked, drawn=shape_and_axis(), count=st.integers(1, 3)),
        linear=(0,),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (X, np.zeros((2, 4))),
                ShapeError,
                "stack: shapes must be equal\n  tensor_0: float64[2, 3]\n  tensor_1: float64[2, 4]",
                {"dim": 0},
            ),
        ),
    ),
    OpSpec(
        "gather",
        wraps(mg.gather)(lambda input, index, dim: mg.gather(input, dim, index)),
        samples(gathered, drawn=gatherings()),
        ops.GATHER,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (X, np.zeros((1, 3))),
                DTypeError,
                "gather: index must be int64; write index.to(minigrad.int64)\n  index: float64[1, 3]",
                {"dim": 0},
            ),
            ErrorInput(
                (X, np.zeros((1, 4), np.int64)),
                ShapeError,
                GATHER_FIT + "  input: float64[2, 3]\n  index: int64[1, 4]",
                {"dim": 0},
            ),
            ErrorInput(
                (X, np.array([[0, 2, -1]])),
                DataError,
                "gather: index must lie in [0, 2), it spans [-1, 2]",
                {"dim": 0},
            ),
        ),
    ),
    OpSpec(
        "gather_input_grad",
        applied(ops.GATHER_INPUT_GRAD),
        samples(scattered, drawn=gatherings()),
        ops.GATHER_INPUT_GRAD,
        tolerance=summed(lambda sample: max(sample.inputs[0].size, 1)),
    ),
    OpSpec(
        "max",
        mg.max,
        samples(maxima, drawn=shape_and_axis(min_side=1), keepdim=st.booleans()),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (np.zeros((2, 0)),),
                ShapeError,
                "argmax: an axis without elements has no maximum\n  input: float64[2, 0]",
                {"dim": 1},
            ),
        ),
    ),
    OpSpec(
        "max of all",
        mg.max,
        samples(lambda rng, shape: Sample((distinct(rng, shape),)), shape=shapes(min_side=1)),
        tolerance=exact,
    ),
]
