"""Supervised training of a classifier."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np
from tqdm import tqdm

import minigrad.nn.functional as F
from minigrad.data.arrays import Dataset
from minigrad.data.integers import require_integer
from minigrad.data.loader import DataLoader
from minigrad.errors import MinigradError
from minigrad.nn.module import Module
from minigrad.ops.transfer import to_device
from minigrad.optim.optimizer import Optimizer
from minigrad.recording import no_grad
from minigrad.tensor import Tensor
from minigrad.train.history import Epoch, History

Loss = Callable[[Tensor, Tensor], Tensor]


class Schedule(Protocol):
    """What changes the learning rate between epochs, or between batches if it has `counts` and that is "batches"."""

    def step(self) -> None:
        """Set the learning rate of the next epoch or batch."""


def fit(
    model: Module,
    train: Dataset,
    validation: Dataset,
    *,
    epochs: int,
    optimizer: Optimizer,
    loss: Loss = F.cross_entropy,
    batch_size: int | None,
    seed: int | None = None,
    schedule: Schedule | None = None,
    num_workers: int = 0,
    on_epoch: Callable[[History], None] | None = None,
    progress: bool = True,
) -> History:
    """Train `model` on batches of (inputs, labels), and validate it after every epoch.

    Parameters
    ----------
    model : Module
        Maps inputs (N, ...) to logits (N, classes); its parameters are those of `optimizer`.
    train, validation : Dataset
        Pairs of inputs and labels.
    epochs : int
        How often to go through the training set.
    loss : callable
        ``loss(logits, labels)``: the mean over the batch, a scalar.
    batch_size, seed, num_workers
        As in `DataLoader`. Batches go to the device of the model.
    schedule : Schedule, optional
        Its `step` is called after every epoch, or after every batch if its `counts` is "batches".
    on_epoch : callable, optional
        Called after every epoch with the history so far: to save the best weights, say, while the training goes on.
    progress : bool
        Show a bar where there is a terminal, and a line for every epoch.

    Returns
    -------
    History
        The costs and accuracies. The model keeps its last weights; to have those of the best epoch, write
        ``model.load_state_dict(history.best_state)``.

    Raises
    ------
    MinigradError
        When the cost of a batch is no longer finite; the weights are those before that batch.
    """
    require_integer("fit: epochs", epochs, 1)
    loader = DataLoader(train, batch_size, shuffle=True, seed=seed, num_workers=num_workers)
    history = History()
    steps_in_batches = getattr(schedule, "counts", "epochs") == "batches"
    for number in range(1, epochs + 1):
        name = f"epoch {number} / {epochs}"
        batches = tqdm(loader, name, leave=False, unit="batch", disable=None if progress else True)
        lr = optimizer.param_groups[0]["lr"]
        of_batches = schedule if steps_in_batches else None
        cost, accuracy = _train(model, batches, optimizer, loss, of_batches, history.batch_costs, name)
        validated = evaluate(model, validation, batch_size, loss, num_workers)
        history.epochs.append(Epoch(cost, accuracy, *validated, lr))
        if history.best_epoch == number:
            history.best_state = _copy_of_weights(model)
        if schedule is not None and not steps_in_batches:
            schedule.step()
        if progress:
            tqdm.write(_line(name, history.epochs[-1]))
        if on_epoch is not None:
            on_epoch(history)
    return history


def evaluate(
    model: Module,
    dataset: Dataset,
    batch_size: int | None = 256,
    loss: Loss = F.cross_entropy,
    num_workers: int = 0,
) -> tuple[float, float]:
    """Return the mean loss and the accuracy of `model` on `dataset`, in evaluation mode and without a tape."""
    was_training = model.training
    mean = _Mean()
    model.eval()
    try:
        with no_grad():
            for inputs, labels in _on_device_of(model, DataLoader(dataset, batch_size, num_workers=num_workers)):
                logits = model(inputs)
                mean.add(loss(logits, labels).item(), logits, labels)
    finally:
        model.train(was_training)
    return mean.cost, mean.accuracy


class _Mean:
    """Running means of cost and accuracy over examples."""

    def __init__(self) -> None:
        self._cost = self._correct = 0.0
        self._count = 0

    def add(self, cost: float, logits: Tensor, labels: Tensor) -> None:
        self._cost += cost * len(labels)
        self._correct += int((logits.argmax(1) == labels).sum())
        self._count += len(labels)

    @property
    def cost(self) -> float:
        return self._cost / self._count

    @property
    def accuracy(self) -> float:
        return self._correct / self._count


def _train(
    model: Module,
    batches: Iterable[tuple[Tensor, ...]],
    optimizer: Optimizer,
    loss: Loss,
    schedule: Schedule | None,
    costs: list[float],
    name: str,
) -> tuple[float, float]:
    """Train one epoch; return its mean cost and accuracy, and append the cost of every batch to `costs`."""
    model.train()
    mean = _Mean()
    for number, (inputs, labels) in enumerate(_on_device_of(model, batches), start=1):
        logits = model(inputs)
        objective = loss(logits, labels)
        cost = objective.item()
        if not math.isfinite(cost):
            raise MinigradError(
                f"fit: the cost is {cost} in {name}, batch {number}; use a smaller learning rate, and check the inputs"
            )
        costs.append(cost)
        mean.add(cost, logits, labels)
        # From here on nothing is read: while a GPU is busy with this, the next batch is fetched and copied.
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()
    return mean.cost, mean.accuracy


def _on_device_of(model: Module, batches: Iterable[tuple[Tensor, ...]]) -> Iterator[tuple[Tensor, ...]]:
    parameter = next(model.parameters(), None)
    device = "cpu" if parameter is None else parameter.device
    return (tuple(to_device(item, device) for item in batch) for batch in batches)


def _copy_of_weights(model: Module) -> dict[str, np.ndarray]:
    return {name: value.cpu().numpy().copy() for name, value in model.state_dict().items()}


def _line(name: str, epoch: Epoch) -> str:
    return (
        f"Finished {name}: cost {epoch.cost:.4f}, train: {epoch.train_accuracy:.2f}, "
        f"val {epoch.val_accuracy:.2f}, lr {epoch.lr:.1e}"
    )
