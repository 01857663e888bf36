"""Records of the losses that are negative logarithms of probabilities, and targets that other losses take too."""

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import floats, positive
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import absolute

IGNORED = -1
REDUCTIONS = st.sampled_from(("none", "sum", "mean"))
SMOOTHINGS = st.sampled_from((0.0, 0.1, 1.0))
Z, T = np.zeros((2, 3)), np.zeros(2, np.int64)


def classified(rng, batch, classes, weighted, rest=(), **options):
    """Scores, target classes and, if asked for, the weights of the classes."""
    inputs = floats(rng, (batch, classes, *rest)), rng.integers(0, classes, (batch, *rest))
    if weighted:
        inputs += (positive(rng, (classes,)),)
    return Sample(inputs, options)


def ignoring(rng, ignored, **sizes):
    """Some targets do not count; the first does, so that the mean is one."""
    sample = classified(rng, **sizes, ignore_index=IGNORED)
    if ignored:
        target = sample.inputs[1]
        target[rng.random(target.shape) < 0.3] = IGNORED
        target[(0,) * target.ndim] = 0
    return sample


def one_example(rng, classes, **options):
    return Sample((floats(rng, (classes,)), rng.integers(0, classes, ())), options)


def two_classes(rng, shape, weighted, reduction):
    """Scores, probabilities and, if asked for, weights along the last axis."""
    inputs = floats(rng, shape), rng.uniform(0, 1, shape)
    if weighted:
        inputs += (positive(rng, shape[-1:]),)
    return Sample(inputs, {"reduction": reduction})


def with_positive_weight(input, target, pos_weight, weight=None, reduction="mean"):
    return F.binary_cross_entropy_with_logits(input, target, weight, reduction, pos_weight)


def class_errors(name):
    """What every loss of classes refuses."""
    return (
        ErrorInput(
            (Z, np.zeros(3, np.int64)),
            ShapeError,
            f"{name}: target must have input's shape without the class axis\n"
            "  input:  float64[2, 3]\n"
            "  target: int64[3]",
        ),
        ErrorInput(
            (Z, np.zeros(2)),
            DTypeError,
            f"{name}: target must hold classes as int64; write target.to(minigrad.int64)\n  target: float64[2]",
        ),
        ErrorInput((Z, np.array([0, 3])), DataError, f"{name}: target must lie in [0, 3), it spans [0, 3]"),
        reduction_error(name, Z, T),
    )


def reduction_error(name, *inputs):
    message = f"{name}: reduction must be 'none', 'mean' or 'sum', got 'max'"
    return ErrorInput(inputs, DataError, message, {"reduction": "max"})


def weight_errors(name, takes_weight=lambda weight: (Z, T, weight), **options):
    """Class weights that fit neither the classes nor the dtype."""
    return (
        ErrorInput(
            takes_weight(np.zeros(2)),
            ShapeError,
            f"{name}: weight must have one element for each class\n  input:  float64[2, 3]\n  weight: float64[2]",
            options,
        ),
        ErrorInput(
            takes_weight(np.zeros(3, np.float32)),
            DTypeError,
            f"{name}: input and weight must have one dtype; write weight.to(input.dtype)\n"
            "  input:  float64[2, 3]\n"
            "  weight: float32[3]",
            options,
        ),
    )


SIZES = {
    "batch": st.integers(1, 4),
    "classes": st.integers(1, 5),
    "rest": st.sampled_from(((), (2,), (2, 3))),
    "weighted": st.booleans(),
    "ignored": st.booleans(),
    "reduction": REDUCTIONS,
}
BINARY = "binary_cross_entropy_with_logits"
TWO_CLASSES = samples(two_classes, shape=shapes(min_dims=1, min_side=1), weighted=st.booleans(), reduction=REDUCTIONS)

RECORDS = [
    OpSpec(
        "cross_entropy",
        F.cross_entropy,
        samples(ignoring, **SIZES, label_smoothing=SMOOTHINGS),
        tolerance=absolute(200),
        error_inputs=(
            *class_errors("cross_entropy"),
            *weight_errors("cross_entropy"),
            ErrorInput(
                (Z, T),
                DataError,
                "cross_entropy: label_smoothing must lie in [0, 1], got 2",
                {"label_smoothing": 2},
            ),
        ),
    ),
    OpSpec(
        "cross_entropy of one example",
        F.cross_entropy,
        samples(one_example, classes=st.integers(1, 5), label_smoothing=SMOOTHINGS),
        tolerance=absolute(20),
    ),
    OpSpec(
        "nll_loss",
        F.nll_loss,
        samples(ignoring, **SIZES),
        linear=(0,),
        tolerance=absolute(200),
        error_inputs=(*class_errors("nll_loss"), *weight_errors("nll_loss")),
    ),
    OpSpec(
        BINARY,
        F.binary_cross_entropy_with_logits,
        TWO_CLASSES,
        linear=(1,),
        tolerance=absolute(800),
        error_inputs=(
            ErrorInput(
                (np.zeros(2), np.zeros(3)),
                ShapeError,
                f"{BINARY}: shapes must be equal\n  input:  float64[2]\n  target: float64[3]",
            ),
            ErrorInput(
                (np.zeros(2), T),
                DTypeError,
                f"{BINARY}: target must be float; write target.to(minigrad.float32)\n  target: int64[2]",
            ),
            ErrorInput(
                (np.zeros((2, 1)), np.zeros((2, 1)), np.zeros(3)),
                ShapeError,
                f"{BINARY}: weight must broadcast to input\n  input:  float64[2, 1]\n  weight: float64[3]",
            ),
            reduction_error(BINARY, np.zeros(2), np.zeros(2)),
        ),
    ),
    OpSpec(
        f"{BINARY}, positives weighted",
        with_positive_weight,
        samples(
            lambda rng, shape, reduction: two_classes(rng, shape, True, reduction),
            shape=shapes(min_dims=1, min_side=1),
            reduction=REDUCTIONS,
        ),
        linear=(1, 2),
        tolerance=absolute(800),
    ),
]
