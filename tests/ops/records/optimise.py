"""Records of the optimisers' steps."""

import numpy as np
from hypothesis import strategies as st

from minigrad.ops import optimise as ops
from minigrad.testing import Sample
from minigrad.testing.fills import floats, positive
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import absolute
from tests.ops.records.update import in_place

NONE = (0,)  # the shape of a piece of state that a setting does without
DECAYS = st.sampled_from((0.0, 0.01))
MOMENTA = st.sampled_from((0.0, 0.9))


def sgd(rng, shape, momentum, dampening, weight_decay, nesterov, first):
    buffer = floats(rng, shape if momentum else NONE)
    params = (0.1, momentum, dampening, weight_decay, nesterov, first)
    return Sample((floats(rng, shape), buffer, floats(rng, shape)), {"params": params})


def rmsprop(rng, shape, centred, momentum, weight_decay):
    mean, buffer = floats(rng, shape if centred else NONE), floats(rng, shape if momentum else NONE)
    square = positive(rng, shape) + (np.square(mean) if centred else 0)
    params = (0.1, 0.9, 1e-8, weight_decay, momentum)
    return Sample((floats(rng, shape), square, mean, buffer, floats(rng, shape)), {"params": params})


def adagrad(rng, shape, weight_decay):
    inputs = floats(rng, shape), positive(rng, shape), floats(rng, shape)
    return Sample(inputs, {"params": (0.1, 1e-10, weight_decay)})


def adadelta(rng, shape, weight_decay):
    inputs = floats(rng, shape), positive(rng, shape), positive(rng, shape), floats(rng, shape)
    return Sample(inputs, {"params": (0.5, 0.9, 1e-6, weight_decay)})


def adam(rng, shape, amsgrad, weight_decay, shrinkage):
    moments = floats(rng, shape), positive(rng, shape), positive(rng, shape if amsgrad else NONE)
    params = (0.1, 0.9, 0.99, 1e-8, weight_decay, shrinkage, 0.271, 0.0297)
    return Sample((floats(rng, shape), *moments, floats(rng, shape)), {"params": params})


def step(op, build, **sizes):
    return in_place(op, samples(build, shape=shapes(), **sizes), tolerance=absolute(10))


RECORDS = [
    step(
        ops.SGD,
        sgd,
        momentum=MOMENTA,
        dampening=st.sampled_from((0.0, 0.25)),
        weight_decay=DECAYS,
        nesterov=st.booleans(),
        first=st.booleans(),
    ),
    step(ops.RMSPROP, rmsprop, centred=st.booleans(), momentum=MOMENTA, weight_decay=DECAYS),
    step(ops.ADAGRAD, adagrad, weight_decay=DECAYS),
    step(ops.ADADELTA, adadelta, weight_decay=DECAYS),
    step(ops.ADAM, adam, amsgrad=st.booleans(), weight_decay=DECAYS, shrinkage=DECAYS),
]
