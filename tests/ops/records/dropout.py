"""Records of dropout. A seed makes the mask a function of the arguments."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DTypeError, ShapeError
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
    x = np.zeros(3)
    return (
        no_tensor(name),
        ErrorInput(
            (x,),
            ShapeError,
            f"{name}: p, the probability of dropping, must lie in [0, 1], got 1.5",
            {"p": 1.5},
        ),
        ErrorInput((x,), DTypeError, f"{name}: p must be a number, got '0.5'", {"p": "0.5"}),
        ErrorInput(
            (np.zeros(3, np.int64),),
            DTypeError,
            f"{name}: input must be float; write input.to(minigrad.float32)\n  input: int64[3]",
        ),
    )


def record(function, op=None):
    drawn = samples(
        dropping,
        shape=shapes(),
        seed=st.integers(0, 2**64 - 1),
        p=st.sampled_from((0.3, 0.5, 0.9, 0.0, 1.0)),
        training=st.sampled_from((True, True, False)),
    )
    name = function.__name__
    return OpSpec(name, seeded(function), drawn, op, linear=(0,), tolerance=exact, error_inputs=errors(name))


RECORDS = [record(F.dropout, DROPOUT), record(F.vanilla_dropout)]
