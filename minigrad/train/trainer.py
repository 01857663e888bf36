"""Supervised training of a classifier."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import minigrad.nn.functional as F
from minigrad.data.arrays import Dataset
from minigrad.data.given import require_given, require_optional
from minigrad.data.integers import require_integer
from minigrad.data.loader import DataLoader
from minigrad.errors import DataError, MinigradError
from minigrad.nn.module import Module
from minigrad.ops.arguments import require_tensor
from minigrad.optim.optimizer import Optimizer
from minigrad.recording import no_grad
from minigrad.tensor import Tensor
from minigrad.train.checkpoints import Checkpoints
from minigrad.train.heads import Loss, logits_of, over_heads
from minigrad.train.history import Epoch, History, Step
from minigrad.train.history_file import HistoryFile
from minigrad.train.looking import Looking
from minigrad.train.modes import eval_frozen, evaluating
from minigrad.train.progress import Progress
from minigrad.train.run_state import Mean, Penalty, RunState, Schedule
from minigrad.train.snapshot import weights_of

Callback = Callable[[RunState], object]


_MOST_EPOCHS = 10**9


class DivergenceError(MinigradError):
    """A cost that is no longer finite; `history` tells of the steps before."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


def fit(
    model: Module,
    train: Dataset,
    validation: Dataset,
    *,
    epochs: int,
    optimizer: Optimizer,
    loss: Loss = F.cross_entropy,
    penalty: Penalty | None = None,
    batch_size: int | None,
    seed: int | None = None,
    schedule: Schedule | None = None,
    num_workers: int = 0,
    on_step: Callback | None = None,
    on_epoch: Callback | None = None,
    progress: bool = True,
    log: str | os.PathLike[str] | None = None,
    look_every: int = 100,
    checkpoints: Checkpoints | None = None,
    resume: bool = False,
) -> History:
    """Train `model` on batches of (inputs, labels), and validate it after every epoch.

    Parameters
    ----------
    model : Module
        Maps inputs (N, ...) to logits (N, classes); `optimizer` has its parameters that are to change. Frozen layers
        are handled as `eval_frozen` says. In training mode it may
        return a tuple of such logits, the first those of its end: the loss is that of the first, plus the model's
        `auxiliary_weight` times that of each of the others.
    train, validation : Dataset
        Pairs of inputs and labels.
    epochs : int
        How often to go through the training set.
    loss : callable
        ``loss(logits, labels)``: the mean over the batch, a scalar.
    penalty : callable, optional
        ``penalty(model)``, a scalar that is added to the loss: one of `minigrad.optim.regularize`.
    batch_size, seed, num_workers
        As in `DataLoader`. Batches go to the device of the model.
    schedule : Schedule, optional
        Its `step` is called after every epoch, or after every batch if its `counts` is "batches".
    on_step, on_epoch : callable, optional
        Called with the `RunState` after every step and after every epoch: to bound weights, say, to save the best ones
        while the training goes on, or to end it (``run.stop = True``).
    progress : bool
        Show a bar where there is a terminal, and a line for every epoch.
    log : path-like, optional
        Where the history is written while it grows, as lines of JSON for `load_history`.
    look_every : int
        Steps from one `Look` at gradients, updates and dead units to the next, the first step included; 0 for none.
    checkpoints : Checkpoints, optional
        Where to save the training, so that it can go on.
    resume : bool
        Go on from the newest valid checkpoint, if there is one, as if the training had never stopped: to the bit, from
        the middle of an epoch too. The arguments must be those of before; `epochs` may be larger.

    Returns
    -------
    History
        The costs and accuracies. The model keeps its last weights; to have those of the best epoch, write
        ``model.load_state_dict(history.best_state)``.

    Raises
    ------
    DivergenceError
        When the cost of a batch is no longer finite; the weights are those before that batch.
    DataError
        When the training cannot be resumed; nothing has changed.
    MinigradError
        When a checkpoint cannot be written; those before are as they were.
    """
    require_given("fit", model=model, train=train, validation=validation, optimizer=optimizer, loss=loss)
    require_given("fit", progress=progress, resume=resume)
    require_optional("fit", penalty=penalty, schedule=schedule, log=log, checkpoints=checkpoints)
    require_optional("fit", on_step=on_step, on_epoch=on_epoch)
    require_integer("fit: epochs", epochs, 1, _MOST_EPOCHS)
    require_integer("fit: look_every", look_every, 0)
    if resume and checkpoints is None:
        raise DataError("fit: to resume, it must be told where: pass checkpoints=Checkpoints(folder)")
    loader = DataLoader(train, batch_size, shuffle=True, seed=seed, num_workers=num_workers)
    run = RunState(model, optimizer, loader, epochs, over_heads(loss, model), penalty, schedule)
    if checkpoints is not None:
        checkpoints.begin(run, resume)
    run.history.about = _about(run, len(validation))
    with Progress(run, progress) as shown, HistoryFile(log, run.history) as file:
        while run.epoch <= epochs and not run.stop:
            model.train()
            eval_frozen(model)
            for inputs, labels in _pairs("fit", loader.batches_on(_device_of(model))):
                _step(run, inputs, labels, look_every)
                shown.step(len(labels))
                file.update()
                if on_step is not None:
                    on_step(run)
                if run.stop:
                    return run.history
                if checkpoints is not None:
                    checkpoints.after_step(run)
            _end_epoch(run, evaluate(model, validation, batch_size, loss, num_workers))
            shown.epoch()
            file.update()
            if on_epoch is not None:
                on_epoch(run)
            run.epoch += 1
            if checkpoints is not None:
                checkpoints.after_epoch(run)
    return run.history


def evaluate(
    model: Module,
    dataset: Dataset,
    batch_size: int | None = 256,
    loss: Loss = F.cross_entropy,
    num_workers: int = 0,
) -> tuple[float, float]:
    """Return the mean loss and the accuracy of `model` on `dataset`, in evaluation mode and without a tape."""
    require_given("evaluate", model=model, dataset=dataset, loss=loss)
    sums = Mean()
    with evaluating(model), no_grad():
        loader = DataLoader(dataset, batch_size, num_workers=num_workers)
        for inputs, labels in _pairs("evaluate", loader.batches_on(_device_of(model))):
            logits = model(inputs)
            sums.add(_loss("evaluate", loss, logits, labels).item(), 0.0, logits, labels)
    return sums.of(sums.cost), sums.of(sums.correct)


def _pairs(op: str, batches: Iterator[tuple[Tensor, ...]]) -> Iterator[tuple[Tensor, ...]]:
    """The batches, each of which must be of inputs and labels."""
    for batch in batches:
        if len(batch) != 2:
            raise DataError(f"{op}: an example must be an input and a label, this data set gives {len(batch)} arrays")
        yield batch


def _loss(op: str, loss: Loss, output: Any, labels: Tensor) -> Tensor:
    value = loss(output, labels)
    require_tensor(op, **{"what loss returns": value})
    return value


def _step(run: RunState, inputs: Tensor, labels: Tensor, look_every: int) -> None:
    """Forward, backward, update; and what is remembered of it."""
    look = Looking(run.model, inputs.shape[1:]) if look_every and run.step % look_every == 0 else None
    with look or nullcontext():
        output = run.model(inputs)
    data_loss = _loss("fit", run.loss, output, labels)
    penalty = None if run.penalty is None else run.penalty(run.model)
    objective = data_loss if penalty is None else data_loss + penalty
    cost = _finite(run, objective.item())
    parts = (cost, 0.0) if penalty is None else (float(data_loss.item()), float(penalty.item()))
    accuracy = run.so_far.add(cost, parts[1], logits_of(output), labels)
    run.history.steps.append(Step(cost, *parts, accuracy, run.lr))
    # From here on nothing is read: while a GPU is busy with this, a batch is read and copied, the next but one.
    run.optimizer.zero_grad()
    objective.backward()
    if look:
        look.before_update()
    run.optimizer.step()
    run.step += 1
    if look:
        run.history.looks.append(look.after_update(run.step))
    if run.schedule is not None and _counts_batches(run.schedule):
        run.schedule.step()


def _finite(run: RunState, cost: float) -> float:
    if not math.isfinite(cost):
        batch = run.step - _steps_before(run.history) + 1
        where = f"epoch {run.epoch} / {run.epochs}, batch {batch}"
        run.history.stopped = f"the cost is {cost} in {where}"
        raise DivergenceError(
            f"fit: {run.history.stopped}; use a smaller learning rate, and check the inputs", run.history
        )
    return cost


def _end_epoch(run: RunState, validated: tuple[float, float]) -> None:
    history, sums = run.history, run.so_far
    lr = history.steps[_steps_before(history)].lr
    cost, accuracy, penalty = map(sums.of, (sums.cost, sums.correct, sums.penalty))
    history.epochs.append(Epoch(cost, accuracy, *validated, lr, penalty, run.step))
    if history.best_epoch == len(history.epochs):
        history.best_state = weights_of(run)
    if run.schedule is not None and not _counts_batches(run.schedule):
        run.schedule.step()
    run.so_far = Mean()


def _steps_before(history: History) -> int:
    """How many steps had been taken when the present epoch began."""
    return history.epochs[-1].steps if history.epochs else 0


def _counts_batches(schedule: Schedule) -> bool:
    return getattr(schedule, "counts", "epochs") == "batches"


def _about(run: RunState, validation: int) -> dict[str, object]:
    return {
        "model": type(run.model).__name__,
        "parameters": sum(parameter.numel() for parameter in run.model.parameters()),
        "optimizer": type(run.optimizer).__name__,
        "loss": getattr(run.loss, "__name__", type(run.loss).__name__),
        "train_examples": len(run.loader.dataset),
        "validation_examples": validation,
        "batch_size": run.loader.batch_size,
        "batches": len(run.loader),
        "epochs": run.epochs,
        "seed": run.loader.seed,
    }


def _device_of(model: Module) -> str:
    parameter = next(model.parameters(), None)
    return "cpu" if parameter is None else parameter.device
