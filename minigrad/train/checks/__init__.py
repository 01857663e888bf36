"""Sanity checks: whether a network, its data, its loss and its optimiser fit together, before time is spent on them."""

from __future__ import annotations

import copy
from typing import Final

import minigrad.nn.functional as F
from minigrad.data.arrays import Dataset
from minigrad.data.given import require_given, require_optional
from minigrad.data.integers import require_integer, require_seed
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.optim import regularize
from minigrad.optim.optimizer import Optimizer
from minigrad.random import manual_seed
from minigrad.recording import enable_grad
from minigrad.train.checks.inputs import centred, disjoint
from minigrad.train.checks.learning import overfit
from minigrad.train.checks.losses import first_loss, regularisation
from minigrad.train.checks.parameters import every_gradient, update_ratio
from minigrad.train.checks.report import Finding, Report
from minigrad.train.checks.subject import PenaltyOf, Subject
from minigrad.train.checks.units import dead_units
from minigrad.train.heads import Loss, over_heads
from minigrad.train.scales import kept_random_state

__all__ = ["CHECKS", "Finding", "Report", "check"]

CHECKS: Final = (centred, disjoint, first_loss, regularisation, every_gradient, dead_units, overfit, update_ratio)


def check(
    model: Module,
    data: Dataset,
    *,
    validation: Dataset | None = None,
    loss: Loss = F.cross_entropy,
    optimizer: Optimizer | None = None,
    penalty: PenaltyOf = regularize.L2,
    batch_size: int = 128,
    seed: int = 0,
) -> Report:
    """Look for what commonly keeps a network from learning, before it is trained.

    Everything runs on copies, in training mode: the model, the optimiser, the data and the random streams are bit for
    bit as before, whatever happens.

    Parameters
    ----------
    model
        A network that has not been trained: inputs (N, ...) to scores (N, C).
    data, validation
        Pairs of inputs and labels as the network is to see them: centred, and without random augmentation. Without
        `validation` it cannot be seen whether the two share examples.
    loss
        ``loss(scores, labels)``, a scalar.
    optimizer
        Of the model's parameters: its updates are measured. Without one they are not.
    penalty
        ``penalty(strength)(model)``, a scalar: how the network is to be regularised.
    batch_size, seed
        How many examples the checks take at a time, and which; the seed draws dropout too.

    Returns
    -------
    Report
        It prints as a line for each check: what was expected, what was found, whether it passed, and what to do if not.
        `passed` says it in one word, ``report["first loss"]`` has one finding.

    Raises
    ------
    DataError
        For a model without parameters, and for data that are empty or are no pairs.
    """
    require_given("check", model=model, loss=loss, penalty=penalty)
    require_optional("check", optimizer=optimizer)
    _require_examples("data", data)
    if validation is not None:
        _require_examples("validation", validation)
    if next(model.parameters(), None) is None:
        raise DataError("check: the model has no parameters, so there is nothing to train")
    require_integer("check: batch_size", batch_size, 2)
    require_seed("check: seed", seed)
    with kept_random_state(), enable_grad():
        manual_seed(seed)
        model, optimizer = copy.deepcopy((model, optimizer))
        subject = Subject(
            model.train(), data, validation, over_heads(loss, model), optimizer, penalty, batch_size, seed
        )
        return Report(tuple(find(subject) for find in CHECKS))


def _require_examples(name: str, data: Dataset) -> None:
    if not (hasattr(data, "__len__") and hasattr(data, "__getitem__")):
        raise DataError(f"check: {name} must be a data set with a length and examples, got {type(data).__name__}")
    if not len(data):
        raise DataError(f"check: {name} must have examples, got an empty data set")
    example = data[0]
    if not isinstance(example, tuple) or len(example) != 2:
        raise DataError(f"check: an example of {name} must be a pair of input and label, got {type(example).__name__}")
