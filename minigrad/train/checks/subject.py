"""What the checks look at: copies, so that whatever they do is forgotten."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.data.shuffle import permutation
from minigrad.nn.module import Module
from minigrad.optim.optimizer import Optimizer
from minigrad.random import SHUFFLING
from minigrad.tensor import Tensor
from minigrad.train.heads import Loss
from minigrad.train.scales import as_batch, device_of

PenaltyOf = Callable[[float], Callable[[Module], Tensor]]


@dataclass(frozen=True)
class Subject:
    """A model in training mode, its data, and how it is to be trained."""

    model: Module
    data: Dataset
    validation: Dataset | None
    loss: Loss
    optimizer: Optimizer | None
    penalty: PenaltyOf
    batch_size: int
    seed: int

    def copies(self) -> tuple[Module, Optimizer | None]:
        """A copy of the model, and of the optimiser, whose parameters are those of the copy."""
        return copy.deepcopy((self.model, self.optimizer))

    def examples(self, count: int, start: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and labels at places of a random order, which begins again at its end; never one of them twice."""
        length = len(self.data)
        order = permutation(length, seed=self.seed, stream=SHUFFLING)
        places = order[(start % length + np.arange(min(count, length))) % length]
        inputs, labels = self.data[places]
        return np.asarray(inputs), np.asarray(labels)

    def batch(self, number: int = 0, size: int | None = None) -> tuple[Tensor, Tensor]:
        """Examples as tensors on the model's device: a batch of the usual size, or of another."""
        count = size or self.batch_size
        device = device_of(self.model)
        inputs, labels = (as_batch(array, device) for array in self.examples(count, number * count))
        return inputs, labels
