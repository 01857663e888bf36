"""Which rules there are, and in which order they speak."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from minigrad.data.arrays import Dataset
from minigrad.data.given import require_given, require_optional
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.train.diagnosis.curves import Curves
from minigrad.train.diagnosis.labels import suspect_labels
from minigrad.train.diagnosis.learning import dead, drowned, rate_too_high, rate_too_low
from minigrad.train.diagnosis.report import Diagnosis, Verdict
from minigrad.train.diagnosis.results import batch_too_small, noisy_filters, overfits, underfits
from minigrad.train.history import History

Rule = Callable[[Curves], Verdict | None]

LEARNING: Final[tuple[Rule, ...]] = (drowned, rate_too_high, dead, rate_too_low)
RESULTS: Final[tuple[Rule, ...]] = (batch_too_small, overfits, underfits, noisy_filters)


def diagnose(history: History, *, model: Module | None = None, data: Dataset | None = None) -> Diagnosis:
    """Say what is wrong with a training, in the course's terms, from what it remembers.

    What keeps a network from learning hides all else, so the first such cause is told alone: regularisation that drowns
    the data loss, a learning rate that is too high, dead ReLUs, a learning rate that is too low. Of a network that
    learns it is told that its batches are too small, that there is a big gap between training and validation, or
    none and a poor result, that its first-layer filters are noise; and, if it is here, which labels are suspect.

    Parameters
    ----------
    history
        Of `fit`, finished or not, or from `load_history`. Without its looks (``fit(..., look_every=0)``) less is seen.
    model, data
        The trained network, and pairs of inputs and labels as it is to see them: those that it was trained on, unless
        it knows them by heart, or those for validation. Both or none; without them, labels are not looked at.

    Returns
    -------
    Diagnosis
        It prints as a line for each verdict: what is wrong, the figures that show it, and what to do. `healthy` says
        it in one word, ``diagnosis["suspect labels"].examples`` has the indices of the examples.

    Raises
    ------
    DataError
        For a model without data, or data without a model.
    """
    require_given("diagnose", history=history)
    require_optional("diagnose", model=model, data=data)
    if (model is None) != (data is None):
        raise DataError("diagnose: to find suspect labels it needs both a model and data, got one of them")
    curves = Curves(history)
    for rule in LEARNING:
        if (verdict := rule(curves)) is not None:
            return Diagnosis((verdict,))
    noise, *others = (rule(curves) for rule in RESULTS)
    labels = None if model is None or data is None else suspect_labels(model, data)
    return Diagnosis(tuple(verdict for verdict in (noise, labels, *others) if verdict is not None))
