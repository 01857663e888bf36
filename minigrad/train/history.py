"""What a training run remembers."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minigrad.train.files import write_atomically


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


def save_history(history: History, folder: str | os.PathLike[str]) -> None:
    """Write ``history.json``, all figures, and ``history.csv``, a line for every epoch, into an existing folder."""
    folder = Path(folder)
    epochs = [epoch._asdict() for epoch in history.epochs]
    write_atomically(
        folder / "history.json", json.dumps({"epochs": epochs, "batch_costs": history.batch_costs}).encode()
    )
    lines = [("epoch", *Epoch._fields), *((number, *epoch) for number, epoch in enumerate(history.epochs, start=1))]
    write_atomically(folder / "history.csv", "".join(",".join(map(str, line)) + "\n" for line in lines).encode())
