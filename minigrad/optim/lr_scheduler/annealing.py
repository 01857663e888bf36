"""Rates that move from one value to another, along a cosine or a line."""

from __future__ import annotations

import math

from minigrad.checks import as_int, as_number
from minigrad.optim.lr_scheduler.scheduler import LRScheduler
from minigrad.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2; t counts epochs.

    From T_max on it rises again, with a period of 2 T_max, as PyTorch's does.

    References
    ----------
    .. [1] Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017, equation 5.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803 - PyTorch's name for it
        eta_min: float = 0.0,
        counts: str | None = None,
    ) -> None:
        self.T_max = as_int("CosineAnnealingLR", "T_max", T_max, 1)
        self.eta_min = as_number("CosineAnnealingLR", "eta_min", eta_min, 0)
        super().__init__(optimizer, counts)

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        return self.eta_min + (base - self.eta_min) * (1 + math.cos(math.pi * t / self.T_max)) / 2


class LinearLR(LRScheduler):
    """lr = base * (start_factor + (end_factor - start_factor) min(t / total_iters, 1)): a warm-up; t counts epochs.

    To go on with another schedule, see `SequentialLR`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        counts: str | None = None,
    ) -> None:
        self.start_factor = as_number("LinearLR", "start_factor", start_factor, 0, 1)
        self.end_factor = as_number("LinearLR", "end_factor", end_factor, 0, 1)
        self.total_iters = as_int("LinearLR", "total_iters", total_iters, 1)
        super().__init__(optimizer, counts)

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        rise = (self.end_factor - self.start_factor) * min(t / self.total_iters, 1)
        return base * (self.start_factor + rise)
