"""Schedules of the learning rate: closed forms in a count t of batches or epochs, so that resuming is exact.

In a loop of one's own, call `step` as often as the schedule counts: after every batch, or after every epoch. `fit`
looks at `counts`. Warm-up, then another:

    warm_up = LinearLR(optimizer, start_factor=0.1, total_iters=5)
    schedule = SequentialLR(optimizer, [warm_up, CosineAnnealingLR(optimizer, T_max=45)], milestones=[5])
"""

from minigrad.optim.lr_scheduler.annealing import CosineAnnealingLR, LinearLR
from minigrad.optim.lr_scheduler.decay import ExponentialLR, InverseTimeLR, NaturalExpLR, SqrtLR, StepLR
from minigrad.optim.lr_scheduler.scheduler import LambdaLR, LRScheduler
from minigrad.optim.lr_scheduler.sequence import SequentialLR

__all__ = [
    "CosineAnnealingLR",
    "ExponentialLR",
    "InverseTimeLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "NaturalExpLR",
    "SequentialLR",
    "SqrtLR",
    "StepLR",
]
