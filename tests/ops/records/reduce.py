"""Records of sums and of expansion."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DTypeError, ShapeError
from minigrad.ops import reduce as ops
from minigrad.ops.arguments import as_axes
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import floats
from minigrad.testing.strategies import narrowed, samples, shape_and_axes, shape_and_axis, shapes
from minigrad.testing.tolerance import exact, summed
from minigrad_kernels.shapes import reduced_shape
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def expansions(draw):
    wide = draw(shapes())
    narrow = draw(narrowed(wide))
    kept = draw(st.booleans())
    new = len(wide) - len(narrow)
    requested = [-1 if kept and axis >= new and narrow[axis - new] == n else n for axis, n in enumerate(wide)]
    return narrow, tuple(requested)


def reduction(fill):
    def build(rng, drawn, keepdim):
        shape, dim = drawn
        return Sample((fill(rng, shape),), {"dim": dim, "keepdim": keepdim})

    return build


def spreading(rng, drawn):
    shape, dim = drawn
    axes = as_axes("spread", dim, len(shape))
    return Sample((floats(rng, reduced_shape(shape, axes)),), {"params": (shape, axes)})


def running(rng, drawn):
    shape, dim = drawn
    return Sample((floats(rng, shape),), {"dim": dim})


def length_of_sum(sample):
    """At most so many elements are summed."""
    return max(sample.inputs[0].size, 1)


def axis_errors(name):
    return (
        no_tensor(name),
        ErrorInput(
            (np.zeros((2, 3)),),
            ShapeError,
            f"{name}: dim must lie in [-2, 1] for a tensor of 2 axes, got 2",
            {"dim": 2},
        ),
        ErrorInput((np.zeros(2),), DTypeError, f"{name}: dim must be an integer, got 0.5", {"dim": 0.5}),
    )


def twice(name):
    return ErrorInput((np.zeros((2, 3)),), ShapeError, f"{name}: dim names an axis twice: (0, -2)", {"dim": (0, -2)})


ANY_AXES = {"drawn": shape_and_axes(), "keepdim": st.booleans()}
FILLED_AXES = {"drawn": shape_and_axes(min_side=1), "keepdim": st.booleans()}

RECORDS = [
    OpSpec(
        "expand",
        wraps(ops.expand)(lambda input, shape: ops.expand(input, *shape)),
        samples(
            lambda rng, drawn: Sample((floats(rng, drawn[0]),), {"shape": drawn[1]}),
            drawn=expansions(),
        ),
        ops.EXPAND,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (np.zeros((2, 3)),),
                ShapeError,
                "expand: only axes of length 1 can be repeated\n  input:     float64[2, 3]\n  requested: float64[2, 1]",
                {"shape": (2, 1)},
            ),
            ErrorInput(
                (np.zeros((2, 3)),),
                ShapeError,
                "expand: shapes (2, 3) and (4, 3) do not broadcast: lengths 2 and 4 differ\n"
                "  input:     float64[2, 3]\n"
                "  requested: float64[4, 3]",
                {"shape": (4, 3)},
            ),
        ),
    ),
    OpSpec(
        "sum",
        mg.sum,
        samples(reduction(floats), **ANY_AXES),
        ops.SUM,
        tolerance=summed(length_of_sum),
        dtypes=NUMBERS,
        error_inputs=(*axis_errors("sum"), twice("sum")),
    ),
    OpSpec(
        "mean",
        mg.mean,
        samples(reduction(floats), **FILLED_AXES),
        ops.MEAN,
        tolerance=summed(length_of_sum),
        error_inputs=(
            *axis_errors("mean"),
            twice("mean"),
            ErrorInput(
                (np.zeros(2, np.int64),),
                DTypeError,
                "mean: input must be float; write input.to(minigrad.float32)\n  input: int64[2]",
            ),
        ),
    ),
    OpSpec(
        "spread",
        applied(ops.SPREAD),
        samples(spreading, drawn=shape_and_axes(min_side=1)),
        ops.SPREAD,
        tolerance=summed(lambda sample: 1),
    ),
    OpSpec(
        "cumsum",
        mg.cumsum,
        samples(running, drawn=shape_and_axis()),
        ops.CUMSUM,
        tolerance=summed(length_of_sum),
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("cumsum")._replace(options={"dim": 0}),
            *axis_errors("cumsum")[1:],
            ErrorInput((np.zeros(2),), DTypeError, "cumsum: dim must be an integer, got None", {"dim": None}),
        ),
    ),
]
