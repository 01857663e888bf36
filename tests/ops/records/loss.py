"""Records of softmax and the losses."""

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import loss as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import floats, log_probabilities, positive
from minigrad.testing.strategies import samples, shape_and_axis
from minigrad.testing.tolerance import absolute
from tests.ops.records.elementwise import no_tensor

IGNORED = -1


def scores(rng, drawn):
    shape, dim = drawn
    return Sample((floats(rng, shape),), {"dim": dim})


def softmax_grad(rng, drawn):
    shape, dim = drawn
    return Sample((floats(rng, shape), log_probabilities(rng, shape)), {"params": (dim % len(shape),)})


def classified(rng, batch, classes, rest, weighted, ignoring, **options):
    """Scores and targets; the first target always counts, so that the mean is one."""
    shape = (batch, classes, *rest)
    target = rng.integers(0, classes, (batch, *rest))
    if ignoring:
        target[rng.random(target.shape) < 0.3] = IGNORED
        target[(0,) * target.ndim] = 0
    inputs = (floats(rng, shape), target)
    if weighted:
        inputs += (positive(rng, (classes,)),)
    return Sample(inputs, {"ignore_index": IGNORED, **options})


def one_example(rng, classes, smoothing):
    return Sample((floats(rng, (classes,)), rng.integers(0, classes, ())), {"label_smoothing": smoothing})


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


Z, T = np.zeros((2, 3)), np.zeros(2, np.int64)
SMOOTHINGS = st.sampled_from((0.0, 0.1, 1.0))

LOSS_ERRORS = (
    ErrorInput(
        (Z, np.zeros(3, np.int64)),
        ShapeError,
        "cross_entropy: target must have input's shape without the class axis\n"
        "  input:  float64[2, 3]\n"
        "  target: int64[3]",
    ),
    ErrorInput(
        (Z, np.zeros(2)),
        DTypeError,
        "cross_entropy: target must hold classes as int64; write target.to(minigrad.int64)\n  target: float64[2]",
    ),
    ErrorInput((Z, np.array([0, 3])), DataError, "cross_entropy: target must lie in [0, 3), it spans [0, 3]"),
    ErrorInput(
        (Z, T, np.zeros(2)),
        ShapeError,
        "cross_entropy: weight must have one element for each class\n  input:  float64[2, 3]\n  weight: float64[2]",
    ),
    ErrorInput(
        (Z, T, np.zeros(3, np.float32)),
        DTypeError,
        "cross_entropy: input and weight must have one dtype; write weight.to(input.dtype)\n"
        "  input:  float64[2, 3]\n"
        "  weight: float32[3]",
    ),
    ErrorInput(
        (Z, T),
        ShapeError,
        "cross_entropy: reduction must be 'none', 'mean' or 'sum', got 'max'",
        {"reduction": "max"},
    ),
    ErrorInput(
        (Z, T),
        ShapeError,
        "cross_entropy: label_smoothing must lie in [0, 1], got 2",
        {"label_smoothing": 2},
    ),
)

RECORDS = [
    OpSpec(
        "log_softmax",
        mg.log_softmax,
        samples(scores, drawn=shape_and_axis()),
        ops.LOG_SOFTMAX,
        tolerance=absolute(8),
        error_inputs=dim_errors("log_softmax"),
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
    ),
    OpSpec(
        "cross_entropy",
        F.cross_entropy,
        samples(
            classified,
            batch=st.integers(1, 4),
            classes=st.integers(1, 5),
            rest=st.sampled_from(((), (2,), (2, 3))),
            weighted=st.booleans(),
            ignoring=st.booleans(),
            reduction=st.sampled_from(("none", "sum", "mean")),
            label_smoothing=SMOOTHINGS,
        ),
        tolerance=absolute(200),
        error_inputs=LOSS_ERRORS,
    ),
    OpSpec(
        "cross_entropy of one example",
        F.cross_entropy,
        samples(one_example, classes=st.integers(1, 5), smoothing=SMOOTHINGS),
        tolerance=absolute(20),
    ),
]
