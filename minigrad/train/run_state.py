"""Where a training run is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from minigrad.data.loader import DataLoader
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor
from minigrad.train.heads import Loss
from minigrad.train.history import History

Penalty = Callable[[Module], Tensor]


class Schedule(Protocol):
    """What changes the learning rate between epochs, or between batches if it has `counts` and that is "batches"."""

    def step(self) -> None:
        """Set the learning rate of the next epoch or batch."""


@dataclass
class Mean:
    """Sums over examples."""

    cost: float = 0.0
    penalty: float = 0.0
    correct: int = 0
    count: int = 0

    def add(self, cost: float, penalty: float, logits: Tensor, labels: Tensor) -> float:
        """Add a batch; return its accuracy."""
        correct = int((logits.argmax(1) == labels).sum())
        self.cost += cost * len(labels)
        self.penalty += penalty * len(labels)
        self.correct += correct
        self.count += len(labels)
        return correct / len(labels)

    def of(self, total: float) -> float:
        """The mean of which `total` is the sum."""
        return total / self.count


@dataclass
class RunState:
    """What `fit` works on, and what the functions that it calls are given.

    Attributes
    ----------
    model, optimizer, loader, loss, penalty, schedule
        What is trained, and how.
    epochs : int
        How many there are to be.
    history : History
        What has happened so far.
    epoch : int
        The number of the present epoch, from 1.
    step : int
        How many steps have been taken.
    so_far : Mean
        Sums over the examples of the present epoch.
    stop : bool
        Set it, and the training ends before the next step.
    said : set of str
        The names of the verdicts that `babysit` has told.
    """

    model: Module
    optimizer: Optimizer
    loader: DataLoader
    epochs: int
    loss: Loss
    penalty: Penalty | None = None
    schedule: Schedule | None = None
    history: History = field(default_factory=History)
    epoch: int = 1
    step: int = 0
    so_far: Mean = field(default_factory=Mean)
    stop: bool = False
    said: set[str] = field(default_factory=set)

    @property
    def lr(self) -> float:
        """The learning rate of the first group of parameters."""
        return float(self.optimizer.param_groups[0]["lr"])
