"""What schedules share: a count, and rates that are a function of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from minigrad.checks import as_int, as_number, as_one_of, as_state
from minigrad.errors import DataError
from minigrad.optim.optimizer import Optimizer

UNITS = ("batches", "epochs")


class LRScheduler(ABC):
    """Sets the learning rate of every group of an optimiser to a function of its initial rate and of a count t.

    The initial rate of a group is kept in it as "initial_lr", as PyTorch does, and so is saved with the optimiser.

    Parameters
    ----------
    optimizer
        Its rates are set for t = 0 at once.
    counts
        "batches" or "epochs", where t is to count something else than is usual for the schedule.

    Attributes
    ----------
    counts : str
        What t counts: whether `step` belongs after every batch or after every epoch.
    t : int
        How often `step` was called.
    """

    counts = "epochs"

    def __init__(self, optimizer: Optimizer, counts: str | None = None) -> None:
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise DataError(f"{name}: optimizer must be an Optimizer, this is {type(optimizer).__name__}")
        if counts is not None:
            self.counts = as_one_of(name, "counts", counts, *UNITS)
        self.optimizer = optimizer
        self._go_to(0)

    @abstractmethod
    def rate(self, base: float, t: int) -> float:
        """The learning rate after t steps of a group whose initial one is `base`."""

    def step(self) -> None:
        """Count one more, and set the learning rates."""
        self._go_to(self.t + 1)

    def get_last_lr(self) -> list[float]:
        """The learning rates of the groups."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """The count; the initial rates are the optimiser's to save."""
        return {"t": self.t}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the count, and set the learning rates; on an error nothing has changed."""
        self._go_to(as_int("load_state_dict", "t", as_state("load_state_dict", state_dict, "t")["t"], 0))

    def _go_to(self, t: int) -> None:
        """Set the count and the rates; on an error neither has changed."""
        groups = self.optimizer.param_groups
        try:
            rates = [self.rate(group["initial_lr" if "initial_lr" in group else "lr"], t) for group in groups]
        except OverflowError as error:
            raise DataError(f"{type(self).__name__}: the rate at t = {t} is too large; use smaller factors") from error
        self.t = t
        for group, rate in zip(groups, rates, strict=True):
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = rate


class LambdaLR(LRScheduler):
    """lr = base * lr_lambda(t); t counts epochs."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float], counts: str | None = None) -> None:
        if not callable(lr_lambda):
            raise DataError(f"LambdaLR: lr_lambda must be a function of t, this is {type(lr_lambda).__name__}")
        self.lr_lambda = lr_lambda
        super().__init__(optimizer, counts)

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        factor = self.lr_lambda(t)
        return base * (factor if isinstance(factor, bool) else as_number("LambdaLR", "what lr_lambda returns", factor))
