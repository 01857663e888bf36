"""Checks of the loss before any step: its first value, and what regularisation adds."""

from __future__ import annotations

import inspect
import math

import minigrad.nn.functional as F
from minigrad.ops.create import zeros_like
from minigrad.recording import no_grad
from minigrad.train.checks.report import Finding
from minigrad.train.checks.subject import Subject
from minigrad.train.heads import logits_of

_TOLERANCE = 0.5  # the scores of a good start are as large as 1, which adds a fifth or so
_STRENGTH = 1e3  # the course's
_FORMULAS = {F.cross_entropy: "ln {0}", F.svm_loss: "{0} - 1"}


@no_grad()
def first_loss(subject: Subject) -> Finding:
    """The loss is that of equal scores, ln C for softmax and C - 1 for the SVM: the network knows nothing yet."""
    model, _ = subject.copies()
    inputs, labels = subject.batch()
    scores = logits_of(model(inputs))
    found, expected = float(subject.loss(scores, labels)), float(subject.loss(zeros_like(scores), labels))
    formula = _FORMULAS.get(inspect.unwrap(subject.loss), "that of equal scores").format(scores.shape[-1])
    return Finding(
        "first loss",
        f"{expected:.4g} ({formula}) within {_TOLERANCE:.0%}",
        f"{found:.4g}",
        abs(found - expected) <= _TOLERANCE * abs(expected) if expected else None,
        "higher: draw smaller weights, in the last layer above all; lower: it was trained before, or sees the labels",
    )


@no_grad()
def regularisation(subject: Subject) -> Finding:
    """A strong penalty makes the loss rise."""
    model, _ = subject.copies()
    inputs, labels = subject.batch()
    data_loss = float(subject.loss(model(inputs), labels))
    loss = data_loss + float(subject.penalty(_STRENGTH)(model))
    return Finding(
        "regularisation",
        f"a loss above {data_loss:.4g} with strength {_STRENGTH:g}",
        f"{loss:.4g}",
        data_loss < loss < math.inf,
        "look whether the penalty has its strength and sums the weights, and whether these are zero or not finite",
    )
