"""Records of variances, norms and sums of exponentials."""

import math

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DataError, DTypeError
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import distinct, floats
from minigrad.testing.strategies import samples
from minigrad.testing.tolerance import absolute, summed
from tests.ops.records.elementwise import no_tensor
from tests.ops.records.reduce import FILLED_AXES, axis_errors, length_of_sum, twice


def spread(rng, drawn, keepdim, correction):
    """Distinct elements; a correction below their number, so that the variance is finite."""
    shape, dim = drawn
    axes = range(len(shape)) if dim is None else np.atleast_1d(dim)
    enough = math.prod(shape[axis] for axis in axes) > correction
    options = {"dim": dim, "keepdim": keepdim, "correction": correction if enough else 0}
    return Sample((distinct(rng, shape),), options)


def sizes(rng, shape):
    """Numbers of either sign whose absolute values are distinct and at least 1."""
    return (distinct(rng, shape) + 3) * rng.choice([-1.0, 1.0], shape)


def measured(rng, drawn, keepdim, p):
    shape, dim = drawn
    return Sample((sizes(rng, shape),), {"p": p, "dim": dim, "keepdim": keepdim})


def exponents(rng, drawn, keepdim):
    shape, dim = drawn
    return Sample(
        (10 * floats(rng, shape),), {"dim": tuple(range(len(shape))) if dim is None else dim, "keepdim": keepdim}
    )


def no_float(name):
    message = f"{name}: input must be float; write input.to(minigrad.float32)\n  input: int64[2]"
    return ErrorInput((np.zeros(2, np.int64),), DTypeError, message)


def no_number(name, option, value):
    return ErrorInput((np.zeros(2),), DTypeError, f"{name}: {option} must be a number, got {value!r}", {option: value})


def variance(function):
    name = function.__name__
    return OpSpec(
        name,
        function,
        samples(spread, **FILLED_AXES, correction=st.sampled_from([0, 1, 1, 0.5, 2])),
        tolerance=absolute(50.0),
        error_inputs=(
            *axis_errors(name),
            twice(name),
            no_float(name),
            no_number(name, "correction", True),
        ),
    )


def bad_order(p):
    return ErrorInput((np.zeros(2),), DataError, f"norm: p must be a number above 0, got {p!r}", {"p": p})


RECORDS = [
    variance(mg.var),
    variance(mg.std),
    OpSpec(
        "logsumexp",
        mg.logsumexp,
        samples(exponents, **FILLED_AXES),
        tolerance=absolute(50.0),
        error_inputs=(no_tensor("logsumexp")._replace(options={"dim": 0}), *axis_errors("logsumexp")[1:]),
    ),
    OpSpec(
        "norm",
        mg.norm,
        samples(measured, **FILLED_AXES, p=st.sampled_from([1, 1.5, 2, 2, 3, math.inf])),
        tolerance=summed(length_of_sum),
        error_inputs=(
            *axis_errors("norm"),
            twice("norm"),
            no_float("norm"),
            no_number("norm", "p", "fro"),
            *map(bad_order, (0, -1.0, math.nan)),
        ),
    ),
]
