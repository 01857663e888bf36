"""Cases of the optimisers' steps."""

from hypothesis import strategies as st

from tests.kernels.cases.bounds import summed
from tests.kernels.cases.case import Call, Case, values
from tests.kernels.cases.sizes import LARGE, SHAPES, sized


def sgd(rng, dtype, shape, momentum, dampening, weight_decay, nesterov, first):
    param, grad = values(rng, dtype, shape), values(rng, dtype, shape)
    buffer = values(rng, dtype, shape if momentum else (0,))
    return Call((param, buffer), (grad,), (0.1, momentum, dampening, weight_decay, nesterov, first))


def squares(rng, dtype, shape):
    """Averages of squares, away from 0, where their roots would be anything."""
    return rng.uniform(0.25, 4, shape).astype(dtype)


def rmsprop(rng, dtype, shape, centred, momentum, weight_decay):
    mean = rng.uniform(-1, 1, shape if centred else (0,)).astype(dtype)
    square = squares(rng, dtype, shape) + (mean**2 if centred else 0)
    buffer = values(rng, dtype, shape if momentum else (0,))
    outs = values(rng, dtype, shape), square.astype(dtype), mean, buffer
    return Call(outs, (values(rng, dtype, shape),), (0.1, 0.9, 1e-8, weight_decay, momentum), 4)


def adagrad(rng, dtype, shape, weight_decay):
    outs = values(rng, dtype, shape), squares(rng, dtype, shape)
    return Call(outs, (values(rng, dtype, shape),), (0.1, 1e-10, weight_decay), 4)


def adadelta(rng, dtype, shape, weight_decay):
    outs = values(rng, dtype, shape), squares(rng, dtype, shape), squares(rng, dtype, shape)
    return Call(outs, (values(rng, dtype, shape),), (0.5, 0.9, 1e-6, weight_decay), 4)


def adam(rng, dtype, shape, amsgrad, weight_decay, shrinkage):
    moments = values(rng, dtype, shape), squares(rng, dtype, shape), squares(rng, dtype, shape if amsgrad else (0,))
    scalars = (0.1, 0.9, 0.99, 1e-8, weight_decay, shrinkage, 0.271, 0.0297)
    return Call((values(rng, dtype, shape), *moments), (values(rng, dtype, shape),), scalars, 4)


def subtracted(case, call, expected):
    """4 K eps of all that an optimiser's step adds or subtracts: the step with every minus turned into a plus."""
    lr, *rest = call.scalars
    return summed(case, call._replace(scalars=(-lr, *rest)), expected)


DECAYS = st.sampled_from([0.0, 0.01])
STEPS = sized(
    shape=SHAPES,
    momentum=st.sampled_from([0.0, 0.9]),
    dampening=st.sampled_from([0.0, 0.25]),
    weight_decay=DECAYS,
    nesterov=st.booleans(),
    first=st.booleans(),
)
LARGE_STEP = {"momentum": 0.9, "dampening": 0.0, "weight_decay": 0.01, "nesterov": True, "first": False}
RMSPROP_STEPS = sized(shape=SHAPES, centred=st.booleans(), momentum=st.sampled_from([0.0, 0.9]), weight_decay=DECAYS)
LARGE_RMSPROP = {"centred": True, "momentum": 0.9, "weight_decay": 0.01}
ADAM_STEPS = sized(shape=SHAPES, amsgrad=st.booleans(), weight_decay=DECAYS, shrinkage=DECAYS)
LARGE_ADAM = {"amsgrad": True, "weight_decay": 0.01, "shrinkage": 0.01}
DECAYED = sized(shape=SHAPES, weight_decay=DECAYS)
LARGE_DECAYED = ({**LARGE[0], "weight_decay": 0.01},)

CASES = [
    Case("optimise.sgd", sgd, STEPS, ({**LARGE[0], **LARGE_STEP},), subtracted),
    Case("optimise.rmsprop", rmsprop, RMSPROP_STEPS, ({**LARGE[0], **LARGE_RMSPROP},), subtracted),
    Case("optimise.adagrad", adagrad, DECAYED, LARGE_DECAYED, subtracted),
    Case("optimise.adadelta", adadelta, DECAYED, LARGE_DECAYED, subtracted),
    Case("optimise.adam", adam, ADAM_STEPS, ({**LARGE[0], **LARGE_ADAM},), subtracted),
]
