"""What a network says of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.data.loader import DataLoader
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.ops.softmax import softmax
from minigrad.ops.transfer import to_device
from minigrad.recording import no_grad
from minigrad.train.heads import logits_of
from minigrad.train.scales import device_of


class Predictions(NamedTuple):
    """For every example of a data set, in order.

    Attributes
    ----------
    probabilities : array (N, classes)
        The softmax of the logits.
    labels : array (N,)
        The true classes.
    """

    probabilities: np.ndarray
    labels: np.ndarray

    @property
    def classes(self) -> np.ndarray:
        """The most probable ones."""
        return self.probabilities.argmax(1)


def predict(model: Module, dataset: Dataset, batch_size: int = 256, num_workers: int = 0) -> Predictions:
    """Run a model over a data set, in evaluation mode and without a tape.

    Raises
    ------
    DataError
        For a data set without examples, or a model that gives no scores (N, classes).
    """
    if not len(dataset):
        raise DataError("predict: needs a data set with examples, got an empty one")
    device, was_training = device_of(model), model.training
    found, truth = [], []
    model.eval()
    try:
        with no_grad():
            for inputs, labels in DataLoader(dataset, batch_size, num_workers=num_workers):
                scores = logits_of(model(to_device(inputs, device)))
                if len(scores.shape) != 2:
                    raise DataError(f"predict: needs scores (N, classes) of the model, got {scores.spec}")
                found.append(softmax(scores, 1).cpu().numpy())
                truth.append(labels.numpy())
    finally:
        model.train(was_training)
    return Predictions(np.concatenate(found), np.concatenate(truth))


def names_of(caller: str, dataset: Dataset, classes: Sequence[str] | None, count: int) -> tuple[str, ...]:
    """The names of so many classes: those given, else those of the data set, else numbers."""
    names = tuple(getattr(dataset, "classes", ())) if classes is None else tuple(classes)
    if not names and classes is None:
        return tuple(map(str, range(count)))
    if len(names) != count:
        raise DataError(f"{caller}: the model has scores for {count} classes, {len(names)} are named")
    return names
