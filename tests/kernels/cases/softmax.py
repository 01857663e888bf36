"""Cases of the logarithm of softmax and its gradient."""

import numpy as np

from tests.kernels.cases.bounds import epsilon
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.sizes import LARGE_AXIS, shape_and_axis


def normalising(rng, dtype, shape, axis):
    x = rng.choice([1, 4, 300]) * values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), (x.astype(dtype),), (axis,), max(shape[axis], 1))


def normalising_grad(rng, dtype, shape, axis):
    y = values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape), -np.abs(y)), (axis,), shape[axis] + 4)


def log_summed(case, call, expected):
    """4 eps (K + |result|): the sum under the logarithm is right to K eps, and the logarithm makes that absolute."""
    return [4 * epsilon(out) * (call.terms + np.abs(out)) for out in expected]


@np.errstate(invalid="ignore")
def log_summed_grad(case, call, expected):
    """4 K eps of the terms, and as much of e**y as the rounding of its argument leaves open."""
    dy, y = (array.astype(np.float64) for array in call.inputs)
    total = np.abs(dy).sum(axis=call.scalars[0], keepdims=True)
    return [4 * call.terms * epsilon(out) * (np.abs(dy) + np.exp(y) * total) for out in expected]


CASES = [
    Case("softmax.log_softmax", normalising, shape_and_axis(), LARGE_AXIS, log_summed),
    Case("softmax.log_softmax_input_grad", normalising_grad, shape_and_axis(), LARGE_AXIS, log_summed_grad),
]
