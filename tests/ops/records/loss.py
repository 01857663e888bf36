"""Records of the losses of distances."""

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import away_from_zero, floats
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import absolute
from tests.ops.records.likelihood import REDUCTIONS, reduction_error


def near(rng, shape, **options):
    """Two arrays whose elements are 0.3 to 2 apart."""
    target = floats(rng, shape)
    return Sample((target + away_from_zero(rng, shape), target), options)


def distance(function, options, *errors, **record):
    name = function.__name__
    refused = (
        ErrorInput(
            (np.zeros(2), np.zeros((2, 1))),
            ShapeError,
            f"{name}: shapes must be equal\n  input:  float64[2]\n  target: float64[2, 1]",
        ),
        ErrorInput(
            (np.zeros(2), np.zeros(2, np.float32)),
            DTypeError,
            f"{name}: input and target must have one dtype; write target.to(input.dtype)\n"
            "  input:  float64[2]\n"
            "  target: float32[2]",
        ),
        reduction_error(name, np.zeros(2), np.zeros(2)),
    )
    drawn = samples(near, shape=shapes(min_side=1), reduction=REDUCTIONS, **options)
    return OpSpec(name, function, drawn, tolerance=absolute(5000), error_inputs=(*refused, *errors), **record)


RECORDS = [
    distance(F.mse_loss, {}),
    distance(F.l1_loss, {}),
    distance(
        F.smooth_l1_loss,
        {"beta": st.sampled_from((0.0, 0.25, 4.0))},
        ErrorInput(
            (np.zeros(2), np.zeros(2)),
            DataError,
            "smooth_l1_loss: beta must be a number of at least 0, got -1",
            {"beta": -1},
        ),
    ),
]
