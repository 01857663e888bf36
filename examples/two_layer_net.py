"""The course's two-layer network and what its slides show of it: ``python examples/two_layer_net.py``.

Pass ``--data-dir`` for a local copy of CIFAR-10; otherwise it is downloaded once. Every claim is asserted.
"""

from __future__ import annotations

import argparse
import math
from typing import Any

import numpy as np

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import Dataset, Subset, datasets, split
from minigrad.data.arrays import View
from minigrad.data.preprocess import MeanImage, Preprocessed
from minigrad.models import MLP
from minigrad.optim import regularize
from minigrad.train import DivergenceError, History, diagnose, fit

SCALE = 1e-4  # standard deviation of the weights at the start


class Bytes(View):
    """Images with values from 0 to 255, as on the slides, whose learning rates are for these."""

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        """The examples at an index."""
        images, labels = self.dataset[index]
        return images * np.float32(255), labels


def main() -> None:
    """Look at the loss, overfit a little data, then find learning rates that are too low and too high."""
    options = parse_options()
    parts = split(Bytes(datasets.cifar10("train", options.data_dir)), [0.9, 0.1], seed=0)
    mean = MeanImage().fit(parts[0])
    train, validation = (Preprocessed(part, mean) for part in parts)
    show_first_losses(train)
    overfit(train)
    show_low_rate(train, validation)
    show_high_rate(train, validation)


def two_layer_net() -> MLP:
    """3072-50-10 with weights from N(0, 0.0001^2) and biases of zero."""
    mg.manual_seed(0)
    model = MLP(in_shape=(3, 32, 32), hidden=50, classes=10)
    for layer in (model.fc1, model.fc2):  # biases are zero already
        nn.init.normal_(layer.weight, 0.0, SCALE)
    return model


def show_first_losses(train: Dataset) -> None:
    """The loss of a network that knows nothing is ln 10; regularisation adds lambda / 2 times the squared weights."""
    model = two_layer_net()
    images, labels = map(mg.from_numpy, train[:1000])
    plain = F.cross_entropy(model(images), labels).item()
    strong = plain + regularize.L2(1e3)(model).item()
    print(f"first loss: {plain:.4f} without regularisation, {strong:.4f} with 1e3")
    weights = 3072 * 50 + 50 * 10
    assert abs(plain - math.log(10)) < 1e-3
    assert abs(strong - plain - 1e3 / 2 * weights * SCALE**2) < 0.03


def overfit(train: Dataset) -> None:
    """A network that cannot learn 20 images by heart has a bug."""
    few = Subset(train, np.arange(20))
    history = train_with(1e-3, few, few, epochs=200, batch_size=None)
    for number in (1, 20, 200):
        epoch = history.epochs[number - 1]
        print(f"20 images, epoch {number:3} / 200: cost {epoch.cost:.4f}, train: {epoch.train_accuracy:.2f}")
    assert history.epochs[-1].train_accuracy == 1
    assert history.epochs[-1].cost < 0.01


def show_low_rate(train: Dataset, validation: Dataset) -> None:
    """With 1e-6 the loss barely changes; that the accuracy rises all the same is no contradiction."""
    history = train_with(1e-6, train, validation, epochs=10)
    first, last = history.epochs[0], history.epochs[-1]
    for name, epoch in (("first", first), ("last", last)):
        print(f"rate 1e-6, {name} epoch: cost {epoch.cost:.6f}, train: {epoch.train_accuracy:.2f}")
    assert 0 < first.cost - last.cost < 0.01
    say(history, "too low")


def show_high_rate(train: Dataset, validation: Dataset) -> None:
    """With 1e6 the loss explodes, and is not a number after a few steps."""
    try:
        train_with(1e6, train, validation, epochs=10)
    except DivergenceError as error:
        costs = ", ".join(f"{step.cost:.4g}" for step in error.history.steps)
        print(f"rate 1e6: cost {costs}, then {error.history.stopped}")
        say(error.history, "too high")
    else:
        raise AssertionError("a learning rate of 1e6 did no harm")


def say(history: History, words: str) -> None:
    """Print what is wrong with a run, in words, these among them."""
    verdicts = str(diagnose(history))
    print(verdicts)
    assert words in verdicts


def train_with(
    rate: float, train: Dataset, validation: Dataset, *, epochs: int, batch_size: int | None = 100
) -> History:
    """Train a new network by plain SGD."""
    model = two_layer_net()
    return fit(
        model,
        train,
        validation,
        epochs=epochs,
        optimizer=optim.SGD(model.parameters(), lr=rate),
        penalty=regularize.L2(1e-6),
        batch_size=batch_size,
        seed=0,
        progress=False,
    )


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", help="a local copy of the batches; otherwise the archive is downloaded once")
    parser.add_argument("--smoke", action="store_true", help="for the tests: it makes no difference here")
    return parser.parse_args()


if __name__ == "__main__":
    main()
