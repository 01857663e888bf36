"""Fine-tuning against training from scratch, by how many labelled images there are: ``python examples/fine_tuning.py``.

A network first learns the ten digits from one half of the bundled images; then even and odd numbers are to be told
apart on the other half, of which few have labels. With ``--weights`` and a file of a network for MNIST (CONV32 RELU
POOL CONV64 RELU POOL FC128 RELU FC, with the names of `Net`) the task is to read the bundled digits, which other people
wrote and another scanner read.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset, Dataset, datasets, split
from minigrad.interop import load_pretrained, read_weights
from minigrad.models.start import start_for_relu
from minigrad.tensor import Tensor
from minigrad.train import evaluate, fit, freeze, head_names, param_groups, replace_head
from minigrad.train.plots.drawing import new_figure

COUNTS = (1, 2, 5, 10, 20, 50)
BATCH, RATE = 32, 0.02
MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST, as networks for it are used to
ENLARGED, BORDER = 2, 6  # 8 pixels become 16 in the middle of 28: nearly as large as digits are in MNIST


class Net(nn.Module):
    """CONV32 RELU POOL CONV64 RELU POOL FC128 RELU FC, for 28x28 images."""

    def __init__(self, classes: int) -> None:
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        )
        self.classifier = nn.Sequential(nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, classes))
        start_for_relu(self, self.classifier[-1])

    def forward(self, input: Tensor) -> Tensor:
        """(N, 1, 28, 28) to (N, classes)."""
        return self.classifier(self.features(input).flatten(1))


class Task(NamedTuple):
    """Images to learn from, others to test on, and the weights of a network for something else."""

    train: Dataset
    test: Dataset
    classes: int
    weights: Mapping[str, Any]
    steps: int


Made = tuple[Net, optim.SGD]


def main() -> None:
    """Train in three ways with few labels and with more; print a table, draw curves, assert what they show."""
    options = parse_options()
    task = read_digits(options) if options.weights else tell_even_from_odd(options)
    print(f"{task.classes} classes, {len(task.train)} images to learn from, {len(task.test)} to test on")
    counts = COUNTS[1:4:2] if options.smoke else COUNTS
    print("labels per class" + "".join(f"{n:8}" for n in counts))
    found = {}
    for name, make in WAYS.items():
        found[name] = [accuracies(task, make, n, options.seeds) for n in counts]
        print(f"{name:16}" + "".join(f"{value:8.3f}" for value in np.median(found[name], axis=1)), flush=True)
    print(f"curves: {draw(counts, found, options.out)}")
    gain = np.median(found["fine-tuned"], axis=1) - np.median(found["from scratch"], axis=1)
    print("fine-tuning gains" + "".join(f"{value:+8.3f}" for value in gain)[1:])
    assert gain[:3].mean() > 0.02, "with few labels, a network that knows digits should be better"
    assert options.smoke or gain.min() > -0.01, "with more labels, it should not be worse"


def tell_even_from_odd(options: argparse.Namespace) -> Task:
    """Train a network for ten digits here, on images that the task does not use."""
    first, second = split(as_in_mnist(datasets.digits()), [0.5, 0.5], seed=0)
    mg.manual_seed(0)
    net = Net(10)
    train(net, optim.SGD(net.parameters(), lr=RATE, momentum=0.9), first, 2 * options.steps)
    images, labels = second[np.arange(len(second))]
    few, test = split(ArrayDataset(images, labels % 2), [0.5, 0.5], seed=0)
    return Task(few, test, 2, net.state_dict(), options.steps)


def read_digits(options: argparse.Namespace) -> Task:
    """Take the network of a file; what else is in it is no weight."""
    own = Net(10).state_dict()
    weights = {name: array for name, array in read_weights(options.weights).items() if name in own}
    few, test = split(as_in_mnist(datasets.digits()), [0.6, 0.4], seed=0)
    return Task(few, test, 10, weights, options.steps)


def as_in_mnist(digits: ArrayDataset) -> ArrayDataset:
    """Images of 28x28, normalised as those of MNIST."""
    images, labels = digits[np.arange(len(digits))]
    large = np.pad(images.repeat(ENLARGED, 2).repeat(ENLARGED, 3), [(0, 0)] * 2 + [(BORDER, BORDER)] * 2)
    return ArrayDataset((large - np.float32(MEAN)) / np.float32(DEVIATION), labels)


def from_scratch(task: Task) -> Made:
    """A new network."""
    net = Net(task.classes)
    return net, optim.SGD(net.parameters(), lr=RATE, momentum=0.9)


def head_only(task: Task) -> Made:
    """The other network with a new last layer, which alone is trained."""
    net = pretrained(task)
    freeze(net, "backbone")
    return net, optim.SGD(param_groups(net, {}), lr=RATE, momentum=0.9)


def fine_tuned(task: Task) -> Made:
    """The other network: its last layer is new, and learns faster than the rest, which is good already."""
    net = pretrained(task)
    head = {f"{name}.*": {"lr": RATE} for name in head_names(net)}
    return net, optim.SGD(param_groups(net, head), lr=RATE / 4, momentum=0.9)


WAYS = {"from scratch": from_scratch, "head only": head_only, "fine-tuned": fine_tuned}


def pretrained(task: Task) -> Net:
    """A network whose layers but the last know the other task."""
    net = Net(10)
    load_pretrained(net, task.weights)
    replace_head(net, task.classes)
    return net


def accuracies(task: Task, make: Callable[[Task], Made], count: int, seeds: int) -> list[float]:
    """On the test images, one for each seed, which draws the images with labels and the weights that are new."""
    found = []
    for seed in range(seeds):
        mg.manual_seed(seed)
        net, optimizer = make(task)
        train(net, optimizer, some_of_each(task.train, count, seed), task.steps)
        found.append(evaluate(net, task.test)[1])
    return found


def some_of_each(data: Dataset, count: int, seed: int) -> Dataset:
    """So many images of each class."""
    images, labels = data[np.random.default_rng(seed).permutation(len(data))]
    chosen = np.concatenate([np.flatnonzero(labels == label)[:count] for label in np.unique(labels)])
    return ArrayDataset(images[chosen], labels[chosen])


def train(net: Net, optimizer: optim.SGD, data: Dataset, steps: int) -> None:
    """About so many steps, however many images there are, under a rate that falls along a cosine."""
    length = -(-len(data) // BATCH)
    epochs = -(-steps // length)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * length, counts="batches")
    settings: dict[str, Any] = {"batch_size": BATCH, "progress": False, "look_every": 0}
    one = ArrayDataset(*data[:1])  # for `fit` to validate on: nothing is chosen by it
    fit(net, data, one, epochs=epochs, optimizer=optimizer, schedule=schedule, **settings)


def draw(counts: Sequence[int], found: Mapping[str, list[list[float]]], path: Path) -> Path:
    """Medians over the seeds, with bands from quartile to quartile."""
    figure = new_figure("fine_tuning", 6, 4)
    axes = figure.subplots()
    for name, rows in found.items():
        low, middle, high = np.quantile(rows, [0.25, 0.5, 0.75], axis=1)
        axes.plot(counts, middle, marker="o", label=name)
        axes.fill_between(counts, low, high, alpha=0.2)
    axes.set(xscale="log", xlabel="labelled images of each class", ylabel="test accuracy")
    axes.set_xticks(counts, map(str, counts))
    axes.minorticks_off()
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    return path


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, help="a file of a network for MNIST; without, one is trained here")
    parser.add_argument("--seeds", type=int, default=5, help="how often to train with each number of labels")
    parser.add_argument("--steps", type=int, default=150, help="of each training")
    parser.add_argument("--out", type=Path, default=Path("runs/fine-tuning.png"), help="the picture of the curves")
    parser.add_argument("--smoke", action="store_true", help="two numbers of labels, once each, in fewer steps")
    options = parser.parse_args()
    if options.smoke:
        options.seeds, options.steps = 1, 40
    return options


if __name__ == "__main__":
    main()
