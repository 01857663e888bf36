"""Records of ReLU and its relatives."""

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DataError, DTypeError
from minigrad.nn import functional as F
from minigrad.ops import activation as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import away_from_zero, floats
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import absolute, exact
from tests.ops.records.elementwise import no_tensor


def activation(function, options, *errors, fill=away_from_zero, **record):
    """A record of a function of one tensor, with each of the options that are listed."""
    name = function.__name__
    drawn = samples(
        lambda rng, shape, options: Sample((fill(rng, shape),), options),
        shape=shapes(),
        options=st.sampled_from(options),
    )
    no_float = f"{name}: input must be float; write input.to(minigrad.float32)\n  input: int64[3]"
    refused = (no_tensor(name), ErrorInput((np.zeros(3, np.int64),), DTypeError, no_float), *errors)
    return OpSpec(name, function, drawn, error_inputs=refused, nan=(0,), **record)


RECORDS = [
    activation(F.relu, ({},), op=ops.RELU, tolerance=exact),
    OpSpec(
        "relu_input_grad",
        applied(ops.RELU_INPUT_GRAD),
        samples(lambda rng, shape: Sample((floats(rng, shape), away_from_zero(rng, shape))), shape=shapes()),
        ops.RELU_INPUT_GRAD,
        tolerance=exact,
    ),
    activation(F.leaky_relu, ({}, {"negative_slope": 0.25}, {"negative_slope": -1.0})),
    activation(F.elu, ({}, {"alpha": 0.5})),
    activation(F.softplus, ({}, {"beta": 2.0}, {"beta": 3.0, "threshold": 0.5}), tolerance=absolute(2)),
    activation(F.silu, ({},), fill=floats),
    activation(
        F.gelu,
        ({}, {"approximate": "tanh"}),
        ErrorInput(
            (np.zeros(3),),
            DataError,
            "gelu: approximate must be 'none' or 'tanh', got 'sigmoid'",
            {"approximate": "sigmoid"},
        ),
        fill=floats,
        tolerance=absolute(2),
    ),
]
