"""Cases of the logarithm of softmax, the softmax loss, and their gradients."""

import numpy as np
from hypothesis import strategies as st

from tests.kernels.cases.bounds import epsilon
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.sizes import COUNTS, LARGE_AXIS, LONG, shape_and_axis, sized


def normalising(rng, dtype, shape, axis):
    x = rng.choice([1, 4, 300]) * values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), (x.astype(dtype),), (axis,), max(shape[axis], 1))


def normalising_grad(rng, dtype, shape, axis):
    y = values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape), -np.abs(y)), (axis,), shape[axis] + 4)


def losing(rng, dtype, rows, classes):
    x = rng.choice([1, 4, 300]) * values(rng, dtype, (rows, classes))
    outs = poisoned(dtype, (rows,)), poisoned(dtype, (rows, 2))
    return Call(outs, (x.astype(dtype), rng.integers(0, classes, rows)), (), classes)


def losing_grad(rng, dtype, rows, classes):
    x = values(rng, dtype, (rows, classes))
    largest = x.max(axis=1, keepdims=True)
    share = 1 / np.exp(x - largest).sum(axis=1, keepdims=True)
    inputs = values(rng, dtype, (rows,)), x, rng.integers(0, classes, rows), np.hstack([largest, share])
    return Call((poisoned(dtype, (rows, classes)),), inputs, (), classes + 4)


def log_summed(case, call, expected):
    """4 eps (K + |result|): the sum under the logarithm is right to K eps, and the logarithm makes that absolute."""
    return [4 * epsilon(out) * (call.terms + np.abs(out)) for out in expected]


@np.errstate(invalid="ignore")
def log_summed_grad(case, call, expected):
    """4 K eps of the terms, and as much of e**y as the rounding of its argument leaves open."""
    dy, y = (array.astype(np.float64) for array in call.inputs)
    total = np.abs(dy).sum(axis=call.scalars[0], keepdims=True)
    return [4 * call.terms * epsilon(out) * (np.abs(dy) + np.exp(y) * total) for out in expected]


@np.errstate(invalid="ignore", over="ignore")
def of_the_gap(case, call, expected):
    """4 eps (K + |the distance from the largest| + |result|), for the distance is rounded; 4 K eps of the scale."""
    x, target = call.inputs
    gap = np.abs(x.max(axis=1) - np.take_along_axis(x, target[:, None], 1)[:, 0]) if x.size else np.zeros(len(x))
    out, scale = expected
    return [4 * epsilon(out) * (call.terms + gap + np.abs(out)), 4 * call.terms * epsilon(scale) * np.abs(scale)]


def shared_out(case, call, expected):
    """4 K eps |dy|: probabilities are at most 1."""
    return [4 * call.terms * epsilon(out) * np.abs(call.inputs[0])[:, None] for out in expected]


ROWS = sized(rows=COUNTS | LONG, classes=st.sampled_from([1, 2, 3, 10, 17]))
LARGE_ROWS = ({"rows": 90, "classes": 300}, {"rows": 300, "classes": 10})

CASES = [
    Case("softmax.softmax_loss", losing, ROWS, LARGE_ROWS, of_the_gap),
    Case("softmax.softmax_loss_input_grad", losing_grad, ROWS, LARGE_ROWS, shared_out),
    Case("softmax.log_softmax", normalising, shape_and_axis(), LARGE_AXIS, log_summed),
    Case("softmax.log_softmax_input_grad", normalising_grad, shape_and_axis(), LARGE_AXIS, log_summed_grad),
]
