"""What a training run remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np


class Step(NamedTuple):
    """The figures of one batch, each before the update that it led to.

    Attributes
    ----------
    cost : float
        What was minimised: the data loss plus the penalty.
    data_loss, penalty : float
        The mean loss over the batch, and the regularisation loss.
    accuracy : float
        The part of the batch that was classified correctly.
    lr : float
        The learning rate of the update.
    """

    cost: float
    data_loss: float
    penalty: float
    accuracy: float
    lr: float


class Epoch(NamedTuple):
    """The figures of one epoch.

    Attributes
    ----------
    cost, train_accuracy : float
        Means over the examples of the epoch, each as it was trained on: the weights changed in between.
    val_cost, val_accuracy : float
        Means over the validation set, with the weights at the end of the epoch; the cost is the data loss alone.
    lr : float
        The learning rate at the beginning of the epoch.
    penalty : float
        The part of `cost` that is regularisation loss.
    steps : int
        How many steps the run has taken at the end of the epoch.
    """

    cost: float
    train_accuracy: float
    val_cost: float
    val_accuracy: float
    lr: float
    penalty: float = 0.0
    steps: int = 0


_NONE: dict[str, float] = {}


class Look(NamedTuple):
    """A closer look at one step.

    Attributes
    ----------
    look : int
        The number of the step, from 1.
    gradients, weights, updates : dict
        For each parameter by name, the L2 norms of its gradient, of itself before the update, and of the update.
    dead : dict
        For each ReLU in the order of the forward pass, the part of its units that were 0 for the whole batch.
    activation_means, activation_stds : dict
        For each layer in the order of the forward pass, by the name that `mg.train.look` gives it, mean and standard
        deviation of what came out of it. Histories that were written before there were these figures have none.
    roughness : dict
        For the first layer's weight, if it looks at images, how unlike neighbours in its filters are: about 1 for white
        noise, near 0 for smooth filters. Empty in files of earlier versions.
    """

    look: int
    gradients: dict[str, float]
    weights: dict[str, float]
    updates: dict[str, float]
    dead: dict[str, float]
    activation_means: dict[str, float] = _NONE
    activation_stds: dict[str, float] = _NONE
    roughness: dict[str, float] = _NONE

    @property
    def ratios(self) -> dict[str, float]:
        """Size of the update over size of the weights, of parameters that were not 0: near 1e-3 is healthy."""
        return {name: self.updates[name] / size for name, size in self.weights.items() if size}


@dataclass
class History:
    """What `fit` returns.

    Attributes
    ----------
    steps : list of Step
        The figures of every batch, in order.
    epochs : list of Epoch
        The figures of every epoch, in order.
    looks : list of Look
        What was looked at now and then.
    about : dict
        What was trained on what: sizes and names.
    stopped : str
        Why the run ended early, if it did.
    best_state : dict
        Copies of the weights at the end of the best epoch: ``model.load_state_dict(history.best_state)``. Not saved
        with the history.
    """

    steps: list[Step] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)
    stopped: str = ""
    best_state: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)

    @property
    def batch_costs(self) -> list[float]:
        """The cost of every batch, in order."""
        return [step.cost for step in self.steps]

    @property
    def best_epoch(self) -> int:
        """Number, from 1, of the epoch of highest validation accuracy; of several, that of lowest validation cost."""
        ranks = [(epoch.val_accuracy, -epoch.val_cost) for epoch in self.epochs]
        return ranks.index(max(ranks)) + 1
