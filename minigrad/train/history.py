"""What a training run remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Epoch(NamedTuple):
    """The figures of one epoch.

    Attributes
    ----------
    cost, train_accuracy : float
        Means over the examples of the epoch, each as it was trained on: the weights changed in between.
    val_cost, val_accuracy : float
        Means over the validation set, with the weights at the end of the epoch.
    lr : float
        The learning rate at the beginning of the epoch.
    """

    cost: float
    train_accuracy: float
    val_cost: float
    val_accuracy: float
    lr: float


@dataclass
class History:
    """What `fit` returns.

    Attributes
    ----------
    batch_costs : list of float
        The cost of every batch, in order.
    epochs : list of Epoch
        The figures of every epoch, in order.
    best_state : dict
        Copies of the weights at the end of the best epoch: ``model.load_state_dict(history.best_state)``.
    """

    batch_costs: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    best_state: dict[str, np.ndarray] = field(default_factory=dict, repr=False)

    @property
    def best_epoch(self) -> int:
        """Number, from 1, of the epoch of highest validation accuracy; of several, that of lowest validation cost."""
        ranks = [(epoch.val_accuracy, -epoch.val_cost) for epoch in self.epochs]
        return ranks.index(max(ranks)) + 1
