"""What the results of a network that learns show: noise, a gap, too little capacity, filters that stay noise."""

from __future__ import annotations

import math

import numpy as np

from minigrad.train.diagnosis.curves import Curves
from minigrad.train.diagnosis.report import Verdict
from minigrad.train.history import Epoch

_NOISY = 0.1  # deviation between batches over the first loss
_NOISY_IF_SMALL, _NOISY_IF_LARGE = 0.06, 0.15  # where it is known how large batches are
_SMALL_BATCH = 8
_GAP = 0.12
_POOR = 0.85  # of the training examples are right
_SLOW = 0.12  # by which part the loss falls in the second half
_PATIENCE = 8  # epochs, before a network that is poor is said to have no more in it
_ROUGH = 0.8  # white noise is 1
_TRAINED = 0.2  # all updates together, as a part of the weights
_BEHIND = 0.1  # of what the updates of the other weights are
_STEPS = 100  # before filters and results say something
_EPOCHS = 3


def batch_too_small(curves: Curves) -> Verdict | None:
    """The loss jumps from batch to batch, by the measure of its first level."""
    limit = _NOISY
    if curves.batch is not None:
        limit = _NOISY_IF_SMALL if curves.batch <= _SMALL_BATCH else _NOISY_IF_LARGE
    if not curves.has_trend or curves.noise < limit:
        return None
    size = "" if curves.batch is None else f" of {curves.batch}"
    return Verdict(
        "batch too small",
        f"the loss jumps between batches{size} by {curves.noise:.0%} of its first level",
        "use larger batches, 32 or more, with a learning rate raised in proportion",
    )


def overfits(curves: Curves) -> Verdict | None:
    """Training accuracy is far above validation accuracy."""
    train, validation = _accuracies(curves)
    if not train - validation > _GAP:
        return None
    return Verdict(
        "big gap between training and validation",
        f"{train:.0%} of the training examples are right, and {validation:.0%} of those for validation: overfitting",
        "regularise: weight decay, dropout, augmentation; or gather more data",
    )


def underfits(curves: Curves) -> Verdict | None:
    """No gap, a poor accuracy, and a loss that has stopped falling."""
    train, validation = _accuracies(curves)
    if len(curves.history.epochs) < _PATIENCE or len(curves.steps) < _STEPS:
        return None
    if max(train, validation) > _POOR or train - validation > _GAP or curves.late_drop > _SLOW:
        return None
    return Verdict(
        "no gap, and poor",
        f"{train:.0%} of the training examples are right, and {validation:.0%} of those for validation, while the loss "
        f"fell by only {max(0.0, curves.late_drop):.0%} in the second half",
        "more capacity: more units, filters or layers, and less regularisation; if that changes nothing, look at "
        "inputs and labels",
    )


def noisy_filters(curves: Curves) -> Verdict | None:
    """The first layer's filters are the noise that they were at the start, for they hardly move."""
    looks = [look for look in curves.history.looks if look.roughness]
    if not looks or len(curves.steps) < _STEPS:
        return None
    name, rough = next(iter(looks[-1].roughness.items()))
    ratio = float(np.mean([look.ratios.get(name, math.nan) for look in looks]))
    moved, of_others = ratio * len(curves.steps), float(np.mean(curves.update_ratios))
    if not (rough > _ROUGH and moved < _TRAINED and ratio < _BEHIND * of_others):
        return None
    return Verdict(
        "noisy first-layer filters",
        f"neighbours in the filters of {name} are as unlike as in noise, {rough:.2f} where 1 is white noise, and all "
        f"{len(curves.steps):,} updates together are {moved:.1g} of the weights",
        "look whether that layer is trained at all, at its learning rate and at the scale of its first weights; then "
        "train longer, or with a stronger penalty",
    )


def _accuracies(curves: Curves) -> tuple[float, float]:
    """Means over the last epochs: of the training set as it was trained on, and of the validation set."""
    epochs: list[Epoch] = curves.history.epochs[-_EPOCHS:]
    if not epochs:
        return math.nan, math.nan
    return float(np.mean([e.train_accuracy for e in epochs])), float(np.mean([e.val_accuracy for e in epochs]))
