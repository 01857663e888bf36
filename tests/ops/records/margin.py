"""Records of the losses of margins. Whole scores keep margins off their kinks, or drawn ones by a wide berth."""

from functools import partial

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DataError, ShapeError
from minigrad.nn import functional as F
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import distinct, positive
from minigrad.testing.strategies import samples
from minigrad.testing.tolerance import absolute
from tests.ops.records.likelihood import REDUCTIONS, T, Z, class_errors, weight_errors

# Differences of scores are multiples of 4 / size; so far from such a multiple no margin is at its kink.
OFF_KINK = 0.013


def separated(rng, batch, classes, weighted=False, **options):
    """Scores whose differences stay away from 1, target classes and, if asked for, weights of the classes."""
    scores = distinct(rng, (batch, classes))
    gaps = scores[:, :, None] - scores[:, None, :]
    scores = scores if not (np.abs(gaps + 1) < OFF_KINK).any() else scores * 0.93
    inputs = scores, rng.integers(0, classes, batch)
    if weighted:
        inputs += (positive(rng, (classes,)),)
    return Sample(inputs, options)


def one_example(rng, classes, **options):
    sample = separated(rng, 1, classes, **options)
    return Sample(tuple(array[0] for array in sample.inputs), options)


def weighted_margin(input, target, weight=None, p=1, margin=1.0, reduction="mean"):
    return F.multi_margin_loss(input, target, p, margin, weight, reduction)


def two_axes_error(name):
    return ErrorInput(
        (np.zeros((2, 3, 4)), np.zeros((2, 4), np.int64)),
        ShapeError,
        f"{name}: input must have 2 axes, (N, C), or 1 axis, (C,)\n  input: float64[2, 3, 4]",
    )


SIZES = {"batch": st.integers(1, 4), "classes": st.integers(1, 5), "reduction": REDUCTIONS}

RECORDS = [
    OpSpec(
        "multi_margin_loss",
        F.multi_margin_loss,
        samples(separated, **SIZES, p=st.sampled_from((1, 2)), margin=st.sampled_from((1.0, 10.0))),
        order=1,
        tolerance=absolute(600),
        error_inputs=(
            *class_errors("multi_margin_loss"),
            two_axes_error("multi_margin_loss"),
            ErrorInput((Z, T), DataError, "multi_margin_loss: p must be 1 or 2, got 3", {"p": 3}),
        ),
    ),
    OpSpec(
        "multi_margin_loss with weights",
        weighted_margin,
        samples(separated, **SIZES, weighted=st.booleans(), p=st.sampled_from((1, 2))),
        order=1,
        tolerance=absolute(600),
        error_inputs=weight_errors("multi_margin_loss"),
    ),
    *(
        OpSpec(
            f"svm_loss of {noun}",
            partial(F.svm_loss, squared=squared),
            samples(separated, **SIZES),
            order=1,
            tolerance=absolute(600),
        )
        for noun, squared in (("margins", False), ("squared margins", True))
    ),
    OpSpec(
        "svm_loss",
        F.svm_loss,
        samples(one_example, classes=st.integers(1, 5), squared=st.booleans()),
        order=1,
        tolerance=absolute(200),
        error_inputs=(*class_errors("svm_loss"), two_axes_error("svm_loss")),
    ),
]
