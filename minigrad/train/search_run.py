"""One run of a search: a network, trained from a seed with a learning rate and a strength, on copies."""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from minigrad.data.arrays import Dataset
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.optim import SGD
from minigrad.optim.optimizer import Optimizer
from minigrad.random import manual_seed
from minigrad.recording import enable_grad
from minigrad.train.checks.subject import PenaltyOf
from minigrad.train.heads import Loss
from minigrad.train.run_state import RunState, Schedule
from minigrad.train.scales import kept_random_state
from minigrad.train.trainer import DivergenceError, fit

MOST: Final = 3
"""A run is lost when its loss is above so many times the loss of its first batch: the course's rule."""

MakeOptimizer = Callable[..., Optimizer]
MakeSchedule = Callable[[Optimizer, int], Schedule]
Source = Module | Callable[[], Module]


class Outcome(NamedTuple):
    """What became of a run.

    Attributes
    ----------
    accuracy, cost : float or None
        On the validation set, in the best epoch; None if no epoch ended.
    stopped : str
        Why it was stopped, if it was.
    """

    accuracy: float | None
    cost: float | None
    stopped: str


@dataclass(frozen=True)
class Recipe:
    """How networks are trained, but for learning rate, strength and seed."""

    sources: Mapping[str, Source]
    optimizer: Optimizer | MakeOptimizer | None
    penalty: PenaltyOf | None
    train: Dataset
    validation: Dataset
    loss: Loss
    schedule: MakeSchedule | None
    batch_size: int
    num_workers: int

    def require_sound(self) -> None:
        """Raise before the first run what would be raised in one: each network is built once, and forgotten."""
        if isinstance(self.optimizer, Optimizer):
            owned = {
                id(p) for source in self.sources.values() if isinstance(source, Module) for p in source.parameters()
            }
            if len(self.sources) > 1 or any(
                id(p) not in owned for group in self.optimizer.param_groups for p in group["params"]
            ):
                raise DataError(
                    "search: an optimizer goes with the one model whose parameters it has; pass that model, "
                    "or a function that makes optimizers"
                )
        if self.penalty is not None:
            self.penalty(1e-3)
        for name in self.sources:
            with kept_random_state():
                self._start(name, 1e-3, 1e-3, seed=0)

    def run(
        self, name: str, lr: float, reg: float, epochs: int, seed: int, prune: Callable[[int, float], bool]
    ) -> Outcome:
        """Train, unless it is lost or ``prune(epoch, accuracy)`` says that it is not worth while."""
        with kept_random_state(), enable_grad():
            model, optimizer = self._start(name, lr, reg, seed)
            steps = epochs * -(-len(self.train) // self.batch_size)
            try:
                history = fit(
                    model,
                    self.train,
                    self.validation,
                    epochs=epochs,
                    optimizer=optimizer,
                    loss=self.loss,
                    penalty=None if self.penalty is None else self.penalty(reg),
                    batch_size=self.batch_size,
                    seed=seed,
                    schedule=None if self.schedule is None else self.schedule(optimizer, steps),
                    num_workers=self.num_workers,
                    on_step=_stop_if_lost,
                    on_epoch=functools.partial(_stop_if_pruned, prune),
                    progress=False,
                    look_every=0,
                )
            except DivergenceError as error:
                history = error.history
        ended = [epoch for epoch in history.epochs if math.isfinite(epoch.val_cost)]
        best = max(ended, key=lambda epoch: (epoch.val_accuracy, -epoch.val_cost), default=None)
        return Outcome(best and best.val_accuracy, best and best.val_cost, history.stopped)

    def _start(self, name: str, lr: float, reg: float, seed: int) -> tuple[Module, Optimizer]:
        """A network and its optimiser, copies where they are the caller's."""
        manual_seed(seed)
        source = self.sources[name]
        settings: dict[str, Any] = {"lr": lr} if self.penalty is not None else {"lr": lr, "weight_decay": reg}
        if not isinstance(self.optimizer, Optimizer):
            # A copy even of what was built: a function may give the same network twice.
            built = copy.deepcopy(source if isinstance(source, Module) else source())
            if not isinstance(built, Module):
                raise DataError(f"search: {name} must build a Module, it gave {type(built).__name__}")
            return built, _made(self.optimizer, built, settings)
        model: Any = source  # a Module: see require_sound
        model, optimizer = copy.deepcopy((model, self.optimizer))
        for key, value in settings.items():
            _set(optimizer, key, value)
        return model, optimizer


def _made(make: MakeOptimizer | None, model: Module, settings: dict[str, Any]) -> Optimizer:
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    made = SGD(learning, momentum=0.9, **settings) if make is None else make(learning, **settings)
    if not isinstance(made, Optimizer):
        raise DataError(f"search: optimizer must make an Optimizer, it gave {type(made).__name__}")
    return made


def _set(optimizer: Optimizer, key: str, value: float) -> None:
    """Set the largest of the groups' settings to `value`, and keep the others in proportion."""
    if any(key not in group for group in optimizer.param_groups):
        name = type(optimizer).__name__
        raise DataError(f"search: {name} has no {key}; pass penalty=regularize.L2, or another function of a strength")
    largest = max(group[key] for group in optimizer.param_groups)
    for group in optimizer.param_groups:
        group[key] = value * group[key] / largest if largest else value


def _stop_if_lost(run: RunState) -> None:
    first, last = run.history.steps[0].cost, run.history.steps[-1].cost
    if last > MOST * first:
        _stop(run, f"the loss is {last:.3g} in step {run.step}, above {MOST} times the first, {first:.3g}")


def _stop_if_pruned(prune: Callable[[int, float], bool], run: RunState) -> None:
    epoch = run.history.epochs[-1]
    if not math.isfinite(epoch.val_cost):
        _stop(run, f"the validation loss is {epoch.val_cost} after epoch {run.epoch}")
    elif prune(run.epoch, epoch.val_accuracy) and run.epoch < run.epochs:
        _stop(run, f"the pruner gave it up after epoch {run.epoch}")


def _stop(run: RunState, why: str) -> None:
    run.history.stopped, run.stop = why, True
