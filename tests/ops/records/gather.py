"""Records of what takes elements at positions, and of what adds them there."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import gather as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import floats
from minigrad.testing.strategies import samples, shape_and_axis, shapes
from minigrad.testing.tolerance import exact, summed
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def gatherings(draw):
    """The input's shape, an axis, and an index's shape that is no longer on the other axes."""
    shape, dim = draw(shape_and_axis(min_side=1))
    index_shape = [draw(st.integers(1, length)) for length in shape]
    index_shape[dim] = draw(st.integers(0, 6))
    return shape, dim, tuple(index_shape)


def gathered(rng, drawn):
    shape, dim, index_shape = drawn
    return Sample((floats(rng, shape), rng.integers(0, shape[dim], index_shape)), {"dim": dim})


def scattered(rng, drawn):
    shape, dim, index_shape = drawn
    inputs = floats(rng, index_shape), rng.integers(0, shape[dim], index_shape)
    return Sample(inputs, {"params": (dim % len(shape), shape)})


def added(rng, drawn, surplus):
    shape, dim, index_shape = drawn
    source = tuple(length + surplus for length in index_shape)
    inputs = floats(rng, shape), rng.integers(0, shape[dim], index_shape), floats(rng, source)
    return Sample(inputs, {"dim": dim})


def classes(rng, shape, spare):
    labels = rng.integers(0, 4, shape)
    return Sample((labels,), {"num_classes": -1 if spare is None and labels.size else 4 + (spare or 0)})


def index_errors(name, *more):
    """What gather and scatter_add refuse in an index; the tensors that follow it are `more`."""
    return (
        ErrorInput(
            (X, np.zeros((1, 3)), *more),
            DTypeError,
            f"{name}: index must be int64; write index.to(minigrad.int64)\n  index: float64[1, 3]",
            {"dim": 0},
        ),
        ErrorInput(
            (X, np.zeros((1, 4), np.int64), *more),
            ShapeError,
            f"{name}: index must have input's axes, none but axis 0 longer\n"
            "  input: float64[2, 3]\n"
            "  index: int64[1, 4]",
            {"dim": 0},
        ),
        ErrorInput(
            (X, np.array([[0, 2, -1]]), *more),
            DataError,
            f"{name}: index must lie in [0, 2), it spans [-1, 2]",
            {"dim": 0},
        ),
    )


X = np.zeros((2, 3))

RECORDS = [
    OpSpec(
        "gather",
        wraps(mg.gather)(lambda input, index, dim: mg.gather(input, dim, index)),
        samples(gathered, drawn=gatherings()),
        ops.GATHER,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=index_errors("gather"),
    ),
    OpSpec(
        "gather_input_grad",
        applied(ops.GATHER_INPUT_GRAD),
        samples(scattered, drawn=gatherings()),
        ops.GATHER_INPUT_GRAD,
        tolerance=summed(lambda sample: max(sample.inputs[0].size, 1)),
        dtypes=NUMBERS,
    ),
    OpSpec(
        "scatter_add",
        wraps(mg.scatter_add)(lambda input, index, src, dim: mg.scatter_add(input, dim, index, src)),
        samples(added, drawn=gatherings(), surplus=st.integers(0, 2)),
        linear=(0, 2),
        tolerance=summed(lambda sample: 1 + sample.inputs[1].size),
        dtypes=NUMBERS,
        error_inputs=(
            *index_errors("scatter_add", X),
            ErrorInput(
                (X, np.zeros((2, 3), np.int64), np.zeros((2, 2))),
                ShapeError,
                "scatter_add: index must have src's axes, none of them longer\n"
                "  index: int64[2, 3]\n"
                "  src:   float64[2, 2]",
                {"dim": 0},
            ),
            ErrorInput(
                (X, np.zeros((2, 3), np.int64), np.zeros(2)),
                ShapeError,
                "scatter_add: index must have src's axes, none of them longer\n"
                "  index: int64[2, 3]\n"
                "  src:   float64[2]",
                {"dim": 0},
            ),
            ErrorInput(
                (X, np.zeros((2, 3), np.int64), np.zeros((2, 3), np.float32)),
                DTypeError,
                "scatter_add: input and src must have one dtype; write src.to(input.dtype)\n"
                "  input: float64[2, 3]\n"
                "  src:   float32[2, 3]",
                {"dim": 0},
            ),
        ),
    ),
    OpSpec(
        "one_hot",
        F.one_hot,
        samples(classes, shape=shapes(), spare=st.none() | st.integers(0, 2)),
        order=0,
        tolerance=exact,
        error_inputs=(
            no_tensor("one_hot", "tensor"),
            ErrorInput(
                (X,),
                DTypeError,
                "one_hot: tensor must be int64; write tensor.to(minigrad.int64)\n  tensor: float64[2, 3]",
            ),
            ErrorInput(
                (np.array([0, 3]),),
                DataError,
                "one_hot: tensor must lie in [0, 3), it spans [0, 3]",
                {"num_classes": 3},
            ),
            ErrorInput((np.array([0, -3]),), DataError, "one_hot: tensor must lie in [0, 1), it spans [-3, 0]"),
            ErrorInput(
                (np.array([0]),), ShapeError, "one_hot: num_classes must be at least -1, got -2", {"num_classes": -2}
            ),
            ErrorInput(
                (np.zeros(0, np.int64),),
                DataError,
                "one_hot: num_classes is required, for a tensor without elements does not tell it",
            ),
        ),
    ),
]
