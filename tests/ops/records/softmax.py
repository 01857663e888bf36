"""Records of softmax and its logarithm."""

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad import dtypes
from minigrad.autograd import apply, apply_all
from minigrad.errors import DTypeError, ShapeError
from minigrad.ops import softmax as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import floats, log_probabilities
from minigrad.testing.strategies import samples, shape_and_axis
from minigrad.testing.tolerance import absolute
from tests.ops.records.elementwise import no_tensor


def scores(rng, drawn):
    shape, dim = drawn
    return Sample((floats(rng, shape),), {"dim": dim})


def counted_scores(rng, drawn, dtype):
    shape, dim = drawn
    return Sample((rng.integers(-3, 4, shape),), {"dim": dim, "dtype": dtype})


def softmax_grad(rng, drawn):
    shape, dim = drawn
    return Sample((floats(rng, shape), log_probabilities(rng, shape)), {"params": (dim % len(shape),)})


def targets(rng, rows, classes):
    return floats(rng, (rows, classes)), rng.integers(0, classes, rows)


def loss(input, target):
    return apply(ops.SOFTMAX_LOSS, (input, target))


def loss_input_grad(dy, input, target):
    """Its scale is that of the input, as in the rule: it has no other gradient."""
    scale = apply_all(ops.SOFTMAX_LOSS, (input.detach(), target))[1]
    return apply(ops.SOFTMAX_LOSS_INPUT_GRAD, (dy, input, target, scale))


def loss_grad(rng, rows, classes):
    return Sample((floats(rng, (rows,)), *targets(rng, rows, classes)))


def dim_errors(name):
    return (
        no_tensor(name)._replace(options={"dim": 0}),
        ErrorInput(
            (np.zeros((2, 3)),),
            ShapeError,
            f"{name}: dim must lie in [-2, 1] for a tensor of 2 axes, got 2",
            {"dim": 2},
        ),
        ErrorInput(
            (np.zeros(2, np.int64),),
            DTypeError,
            f"{name}: input must be float; write input.to(minigrad.float32)\n  input: int64[2]",
            {"dim": 0},
        ),
    )


ROWS = {"rows": st.integers(0, 4), "classes": st.integers(1, 5)}

RECORDS = [
    OpSpec(
        "log_softmax",
        mg.log_softmax,
        samples(scores, drawn=shape_and_axis()),
        ops.LOG_SOFTMAX,
        tolerance=absolute(8),
        error_inputs=dim_errors("log_softmax"),
        nan=(0,),
    ),
    OpSpec(
        "log_softmax_input_grad",
        applied(ops.LOG_SOFTMAX_INPUT_GRAD),
        samples(softmax_grad, drawn=shape_and_axis()),
        ops.LOG_SOFTMAX_INPUT_GRAD,
        tolerance=absolute(50),
    ),
    OpSpec(
        "softmax",
        mg.softmax,
        samples(scores, drawn=shape_and_axis()),
        tolerance=absolute(8),
        error_inputs=dim_errors("softmax"),
        nan=(0,),
    ),
    OpSpec(
        "softmax_loss",
        loss,
        samples(lambda rng, **sizes: Sample(targets(rng, **sizes)), **ROWS),
        ops.SOFTMAX_LOSS,
        tolerance=absolute(8),
    ),
    OpSpec(
        "softmax_loss_input_grad",
        loss_input_grad,
        samples(loss_grad, **ROWS),
        ops.SOFTMAX_LOSS_INPUT_GRAD,
        tolerance=absolute(50),
    ),
    *(
        OpSpec(
            f"{function.__name__} of integers",
            function,
            samples(counted_scores, drawn=shape_and_axis(), dtype=st.sampled_from((dtypes.float32, dtypes.float64))),
            order=0,
            tolerance=absolute(8),
        )
        for function in (mg.log_softmax, mg.softmax)
    ),
]
