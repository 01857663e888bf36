"""Records of dropout. A seed makes the mask a function of the arguments."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops.dropout import DROPOUT
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import floats
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import no_tensor


def seeded(function):
    @wraps(function)
    def run(input, seed=0, **options):
        mg.manual_seed(seed)
        return function(input, **options)

    return run


def dropping(rng, shape, **options):
    return Sample((floats(rng, shape),), options)


def errors(name):
    x = np.zeros((3, 2, 1))
    return (
        no_tensor(name),
        ErrorInput(
            (x,),
            DataError,
            f"{name}: p, the probability of dropping, must lie in [0, 1], got 1.5",
            {"p": 1.5},
        ),
        ErrorInput(
            (x,), DTypeError, f"{name}: p, the probability of dropping, must be a number, got '0.5'", {"p": "0.5"}
        ),
        ErrorInput(
            (x.astype(np.int64),),
            DTypeError,
            f"{name}: input must be float; write input.to(minigrad.float32)\n  input: int64[3, 2, 1]",
        ),
    )


def record(function, op=None, shape=shapes(), refused=()):  # noqa: B008 - a strategy is immutable
    drawn = samples(
        dropping,
        shape=shape,
        seed=st.integers(0, 2**64 - 1),
        p=st.sampled_from((0.3, 0.5, 0.9, 0.0, 1.0)),
        training=st.sampled_from((True, True, False)),
    )
    name = function.__name__
    return OpSpec(
        name, seeded(function), drawn, op, linear=(0,), tolerance=exact, error_inputs=(*errors(name), *refused)
    )


CHANNELS_NAMED = ErrorInput(
    (np.zeros((2, 3)),),
    ShapeError,
    "dropout2d: input must have 4 axes, (N, C, H, W), or 3 axes, (N, C, L)\n  input: float64[2, 3]",
)

RECORDS = [
    record(F.dropout, DROPOUT),
    record(F.vanilla_dropout),
    record(F.dropout2d, shape=shapes(min_dims=3), refused=(CHANNELS_NAMED,)),
]
