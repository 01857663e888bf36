"""One schedule after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from minigrad.checks import as_int, as_list
from minigrad.errors import DataError
from minigrad.optim.lr_scheduler.scheduler import LRScheduler
from minigrad.optim.optimizer import Optimizer


class SequentialLR(LRScheduler):
    """The first schedule up to the first milestone, the next, with its t from 0, up to the second, and so on.

    Parameters
    ----------
    optimizer
        That of all the schedules.
    schedulers
        Schedules that count the same; only this one is stepped.
    milestones
        The t at which each but the first begins, ascending.
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]) -> None:
        self.schedulers = as_list("SequentialLR", "schedulers", schedulers, "schedulers")
        begins = [0]
        for begin in as_list("SequentialLR", "milestones", milestones, "integers"):
            begins.append(as_int("SequentialLR", "a milestone", begin, begins[-1] + 1))
        count, self.milestones = len(self.schedulers), begins[1:]
        if len(self.milestones) != count - 1:
            raise DataError(f"SequentialLR: {count} schedules need one milestone less, got {len(self.milestones)}")
        if any(not isinstance(s, LRScheduler) or s.optimizer is not optimizer for s in self.schedulers):
            raise DataError("SequentialLR: all schedules must be of its optimizer")
        units = {scheduler.counts for scheduler in self.schedulers}
        if len(units) > 1:
            raise DataError("SequentialLR: some schedules count batches, some epochs; set counts= to make them agree")
        super().__init__(optimizer, *units)

    def rate(self, base: float, t: int) -> float:
        """The learning rate at t."""
        index = bisect_right(self.milestones, t)
        return self.schedulers[index].rate(base, t - self.milestones[index - 1] if index else t)
