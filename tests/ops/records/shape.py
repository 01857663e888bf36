"""Records of the ops that rearrange axes."""

from functools import wraps
from math import prod

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import ShapeError
from minigrad.ops import shape as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import floats
from minigrad.testing.strategies import samples, shape_and_axis, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def reshapes(draw):
    """The lengths in another order, some of them merged, one perhaps left to be found."""
    shape = draw(shapes())
    target = list(draw(st.permutations(shape)))
    if len(target) > 1 and draw(st.booleans()):
        target[:2] = [target[0] * target[1]]
    if target and prod(target) and draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    return shape, tuple(target)


@st.composite
def permutations(draw):
    shape = draw(shapes())
    axes = draw(st.permutations(range(len(shape))))
    return shape, tuple(axis - len(shape) if draw(st.booleans()) else axis for axis in axes)


@st.composite
def axis_pairs(draw):
    shape = draw(shapes(min_dims=1))
    axis = st.integers(-len(shape), len(shape) - 1)
    return shape, draw(axis), draw(axis)


@st.composite
def ranges(draw):
    shape, start, end = draw(axis_pairs())
    start, end = sorted((start % len(shape), end % len(shape)))
    return shape, start, end


def named(*names):
    """A build whose options are what was drawn after the shape."""

    def build(rng, drawn):
        shape, *values = drawn
        return Sample((floats(rng, shape),), dict(zip(names, values, strict=True)))

    return build


def rearrangement(function, strategy, names, op=None, errors=()):
    drawn = samples(named(*names), drawn=strategy)
    return OpSpec(
        function.__name__, function, drawn, op, linear=(0,), tolerance=exact, dtypes=NUMBERS, error_inputs=errors
    )


X = np.zeros((2, 3))

RECORDS = [
    rearrangement(
        wraps(mg.reshape)(lambda input, shape: mg.reshape(input, shape)),
        reshapes(),
        ("shape",),
        ops.RESHAPE,
        (
            no_tensor("reshape")._replace(options={"shape": (2,)}),
            ErrorInput(
                (X,),
                ShapeError,
                "reshape: 6 elements of shape (2, 3) do not fill (4, -1)\n  input: float64[2, 3]",
                {"shape": (4, -1)},
            ),
            ErrorInput(
                (X,),
                ShapeError,
                "reshape: only one length of (-1, -1) may be -1\n  input: float64[2, 3]",
                {"shape": (-1, -1)},
            ),
            ErrorInput(
                (np.zeros((0, 3)),),
                ShapeError,
                "reshape: -1 in (-1, 0) could be any length, for the others have no elements\n  input: float64[0, 3]",
                {"shape": (-1, 0)},
            ),
        ),
    ),
    rearrangement(
        mg.flatten,
        ranges(),
        ("start_dim", "end_dim"),
        errors=(
            ErrorInput(
                (X,),
                ShapeError,
                "flatten: start_dim must not come after end_dim, got 1 and 0",
                {"start_dim": 1, "end_dim": 0},
            ),
        ),
    ),
    rearrangement(
        wraps(mg.permute)(lambda input, dims: mg.permute(input, *dims)),
        permutations(),
        ("dims",),
        ops.PERMUTE,
        (
            ErrorInput(
                (X,),
                ShapeError,
                "permute: each of the 2 axes must be named once, got (0, 0)\n  input: float64[2, 3]",
                {"dims": (0, 0)},
            ),
            ErrorInput(
                (X,), ShapeError, "permute: dim must lie in [-2, 1] for a tensor of 2 axes, got 2", {"dims": (0, 2)}
            ),
        ),
    ),
    rearrangement(
        mg.transpose,
        axis_pairs(),
        ("dim0", "dim1"),
        errors=(
            ErrorInput(
                (X,),
                ShapeError,
                "transpose: dim1 must lie in [-2, 1] for a tensor of 2 axes, got -3",
                {"dim0": 0, "dim1": -3},
            ),
        ),
    ),
    rearrangement(
        mg.squeeze,
        shape_and_axis(),
        ("dim",),
        errors=(
            ErrorInput((X,), ShapeError, "squeeze: dim must lie in [-2, 1] for a tensor of 2 axes, got 2", {"dim": 2}),
        ),
    ),
    rearrangement(
        mg.unsqueeze,
        shape_and_axis(),
        ("dim",),
        errors=(
            ErrorInput(
                (X,), ShapeError, "unsqueeze: dim must lie in [-3, 2] for a tensor of 3 axes, got 3", {"dim": 3}
            ),
        ),
    ),
]
