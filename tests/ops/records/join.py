"""Records of what joins tensors and cuts them up."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DTypeError, ShapeError
from minigrad.ops import join as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import floats
from minigrad.testing.strategies import samples, shape_and_axis
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def joinings(draw):
    shape, dim = draw(shape_and_axis())
    return shape, dim, draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))


def joined(rng, drawn):
    shape, dim, lengths = drawn
    parts = [list(shape) for _ in lengths]
    for part, length in zip(parts, lengths, strict=True):
        part[dim] = length
    return Sample(tuple(floats(rng, tuple(part)) for part in parts), {"dim": dim})


def stacked(rng, drawn, count):
    shape, dim = drawn
    return Sample(tuple(floats(rng, shape) for _ in range(count)), {"dim": dim})


def cut(rng, drawn, by_size):
    """A tensor whose axis has the sum of some lengths, and these; or a size of which the axis is no multiple."""
    shape, dim, lengths = drawn
    whole = list(shape)
    whole[dim] = sum(lengths)
    size = lengths[0] or max(1, sum(lengths)) if by_size else lengths
    return Sample((floats(rng, tuple(whole)),), {"split_size_or_sections": size, "dim": dim})


def chunked(rng, drawn, chunks):
    shape, dim = drawn
    return Sample((floats(rng, shape),), {"chunks": chunks, "dim": dim})


X = np.zeros((2, 3))

RECORDS = [
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
        "split",
        mg.split,
        samples(cut, drawn=joinings(), by_size=st.booleans()),
        linear=(0,),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("split", "tensor")._replace(options={"split_size_or_sections": 1}),
            ErrorInput(
                (X,),
                ShapeError,
                "split: sizes must add up to 3, the length of axis 1, got [1, 1]\n  tensor: float64[2, 3]",
                {"split_size_or_sections": [1, 1], "dim": -1},
            ),
            ErrorInput(
                (X,), ShapeError, "split: a size must be at least 0, got -1", {"split_size_or_sections": (4, -1)}
            ),
            ErrorInput((X,), ShapeError, "split: the size must be at least 1, got 0", {"split_size_or_sections": 0}),
            ErrorInput(
                (X,), DTypeError, "split: the size must be an integer, got 1.5", {"split_size_or_sections": 1.5}
            ),
        ),
    ),
    OpSpec(
        "chunk",
        mg.chunk,
        samples(chunked, drawn=shape_and_axis(), chunks=st.integers(1, 7)),
        linear=(0,),
        tolerance=exact,
        error_inputs=(
            no_tensor("chunk")._replace(options={"chunks": 1}),
            ErrorInput((X,), ShapeError, "chunk: chunks must be at least 1, got 0", {"chunks": 0}),
        ),
    ),
]
