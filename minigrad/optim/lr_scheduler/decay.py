"""The five ways of decay that the CS231n course names."""

from __future__ import annotations

import math

from minigrad.checks import as_int, as_number
from minigrad.optim.lr_scheduler.scheduler import LRScheduler
from minigrad.optim.optimizer import Optimizer


class StepLR(LRScheduler):
    """lr = base * gamma^floor(t / step_size): by 0.1 every step_size batches; t counts batches."""

    counts = "batches"

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, counts: str | None = None) -> None:
        self.step_size = as_int("StepLR", "step_size", step_size, 1)
        self.gamma = as_number("StepLR", "gamma", gamma, 0)
        super().__init__(optimizer, counts)

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        return base * self.gamma ** (t // self.step_size)


class ExponentialLR(LRScheduler):
    """lr = base * gamma^t, gamma 0.97 say; t counts epochs."""

    def __init__(self, optimizer: Optimizer, gamma: float, counts: str | None = None) -> None:
        self.gamma = as_number("ExponentialLR", "gamma", gamma, 0)
        super().__init__(optimizer, counts)

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        return base * self.gamma**t


class SqrtLR(LRScheduler):
    """lr = base * sqrt(1 - t / max_t), and 0 from max_t on; t counts batches."""

    counts = "batches"

    def __init__(self, optimizer: Optimizer, max_t: int, counts: str | None = None) -> None:
        self.max_t = as_int("SqrtLR", "max_t", max_t, 1)
        super().__init__(optimizer, counts)

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        return base * math.sqrt(1 - min(t / self.max_t, 1))


class _ByRate(LRScheduler):
    """A decay by k; t counts batches."""

    counts = "batches"

    def __init__(self, optimizer: Optimizer, k: float, counts: str | None = None) -> None:
        self.k = as_number(type(self).__name__, "k", k, 0)
        super().__init__(optimizer, counts)


class InverseTimeLR(_ByRate):
    """lr = base / (1 + k t); t counts batches."""

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        return base / (1 + self.k * t)


class NaturalExpLR(_ByRate):
    """lr = base * exp(-k t); t counts batches."""

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        return base * math.exp(-self.k * t)
