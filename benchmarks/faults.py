"""Small trainings with a fault that is planted, for `diagnose.py`."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset, Dataset, datasets, split
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.models import MLP, ConvNet, LeNet
from minigrad.optim import regularize
from minigrad.optim.lr_scheduler import CosineAnnealingLR
from minigrad.train import DivergenceError, History, RunState, fit

Shape = tuple[int, int, int]
CLASSES = 10
_VALIDATION = 500
_DEAD_BIAS = -10.0


@dataclasses.dataclass(frozen=True)
class Setup:
    """A training: what differs between a healthy one and one with a fault."""

    network: str
    data: str
    examples: int
    epochs: int
    lr: float = 0.02
    batch: int = 32
    rule: str = "momentum"
    cosine: bool = False
    penalty: float = 1e-4
    wrong_labels: float = 0.0
    units: int = 0  # of a network that is too small, in place of the other
    dead: float = 0.0  # the part of the units whose biases are far below 0
    weight_decay: float = 0.0
    first_rate: float = 1.0  # of the first layer, as a part of the others' rate


class Pair(NamedTuple):
    """A network, data, and how it is trained if nothing is wrong; how often to go through few examples."""

    network: str
    data: str
    examples: int
    epochs: int
    few: int


DEVELOPMENT = (
    Pair("mlp", "digits", 1200, 10, 60),
    Pair("convnet", "digits", 1200, 6, 60),
    Pair("convnet", "scattered digits", 4000, 8, 200),
    Pair("conv5", "scattered digits", 4000, 8, 200),
)
HELD_OUT = (
    Pair("lenet", "mnist", 3000, 4, 150),
    Pair("course convnet", "cifar10", 6000, 3, 300),
    Pair("lenet", "cifar10", 6000, 3, 300),
    Pair("course convnet", "mnist", 2000, 4, 150),
)
HELD_OUT_AGAIN = (
    Pair("deep mlp", "mnist", 3000, 4, 150),
    Pair("normalised convnet", "cifar10", 6000, 3, 300),
    Pair("deep mlp", "cifar10", 6000, 3, 300),
    Pair("normalised convnet", "mnist", 2000, 4, 150),
)
HELD_OUT_LAST = (
    Pair("wide mlp", "mnist", 3000, 8, 150),
    Pair("strided convnet", "cifar10", 6000, 4, 300),
    Pair("wide mlp", "cifar10", 6000, 3, 300),
    Pair("strided convnet", "mnist", 3000, 6, 150),
)


def conv5(shape: Shape, classes: int) -> nn.Module:
    """One convolution of 5x5 and two layers behind it."""
    flat = 12 * (shape[1] // 2) * (shape[2] // 2)
    network = nn.Sequential(
        *(nn.Conv2d(shape[0], 12, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(flat, 48), nn.ReLU(), nn.Linear(48, classes)),
    )
    return drawn(network)


def deep_mlp(shape: Shape, classes: int) -> nn.Module:
    """Three hidden layers."""
    layers: list[nn.Module] = [nn.Flatten()]
    for width in (math.prod(shape), 100, 100):
        layers += [nn.Linear(width, 100), nn.ReLU()]
    return drawn(nn.Sequential(*layers, nn.Linear(100, classes)))


def normalised_convnet(shape: Shape, classes: int) -> nn.Module:
    """(CONV BN RELU POOL) x 2, FC: windows of 5x5."""
    layers: list[nn.Module] = []
    for channels in (shape[0], 12):
        layers += [nn.Conv2d(channels, 12, 5, padding=2), nn.BatchNorm2d(12), nn.ReLU(), nn.MaxPool2d(2)]
    return drawn(nn.Sequential(*layers, nn.Flatten(), nn.Linear(12 * (shape[1] // 4) * (shape[2] // 4), classes)))


def strided_convnet(shape: Shape, classes: int) -> nn.Module:
    """(CONV RELU) x 3 with strides in place of pools, FC RELU FC."""
    layers: list[nn.Module] = []
    for channels, stride in ((shape[0], 2), (16, 1), (16, 2)):
        layers += [nn.Conv2d(channels, 16, 3, stride=stride, padding=1), nn.ReLU()]
    flat = 16 * -(-shape[1] // 4) * -(-shape[2] // 4)
    layers += [nn.Flatten(), nn.Linear(flat, 64), nn.ReLU(), nn.Linear(64, classes)]
    return drawn(nn.Sequential(*layers))


def drawn(network: nn.Sequential) -> nn.Module:
    """With weights for ReLUs in all layers but the last."""
    *hidden, _ = [layer for layer in network if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in hidden:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return network


NETWORKS: dict[str, Callable[[Shape, int], nn.Module]] = {
    "mlp": lambda shape, classes: MLP(shape, 64, classes),
    "convnet": lambda shape, classes: ConvNet(shape, 2, 8, classes),
    "conv5": conv5,
    "lenet": LeNet,
    "deep mlp": deep_mlp,
    "normalised convnet": normalised_convnet,
    "wide mlp": lambda shape, classes: MLP(shape, 256, classes),
    "strided convnet": strided_convnet,
    "course convnet": lambda shape, classes: ConvNet(shape, 3, 10, classes),
}


def _starved(setup: Setup, units: int) -> dict[str, object]:
    """So few units, which see the means of four parts of an image, and time enough to make the best of them."""
    return {"units": units, "epochs": 5 * setup.epochs, "lr": 0.05}


def _few(setup: Setup, batch: int) -> dict[str, object]:
    """Batches of few examples, with a rate that suits them, and at most so many steps."""
    return {"batch": batch, "lr": setup.lr * batch / 20, "examples": min(setup.examples, 400 * batch), "epochs": 5}


# Each fault in grades: a run's number picks one. A change may depend on the pair.
FAULTS: dict[str, tuple[Callable[[Setup, Pair], dict[str, object]], ...]] = {
    "healthy": (
        lambda setup, pair: {},
        lambda setup, pair: {"cosine": True},
        lambda setup, pair: {"rule": "Adam", "lr": 1e-3, "batch": 64},
    ),
    "learning rate too low": (
        lambda setup, pair: {"lr": setup.lr * 1e-2},
        lambda setup, pair: {"lr": setup.lr * 1e-3, "cosine": True},
        lambda setup, pair: {"rule": "Adam", "lr": 1e-5},
    ),
    "learning rate too high": (
        lambda setup, pair: {"lr": setup.lr * 100},
        lambda setup, pair: {"lr": setup.lr * 50},
        lambda setup, pair: {"rule": "Adam", "lr": 0.3},
    ),
    "batch too small": (
        lambda setup, pair: _few(setup, 1),
        lambda setup, pair: _few(setup, 2),
        lambda setup, pair: _few(setup, 4),
    ),
    "big gap between training and validation": (
        lambda setup, pair: {"examples": pair.few, "epochs": 60, "penalty": 0.0},
        lambda setup, pair: {"examples": pair.few // 2, "epochs": 100, "penalty": 0.0, "cosine": True},
        lambda setup, pair: {"examples": pair.few, "epochs": 100, "rule": "Adam", "lr": 1e-3, "penalty": 0.0},
    ),
    "no gap, and poor": (
        lambda setup, pair: _starved(setup, 3),
        lambda setup, pair: _starved(setup, 4) | {"rule": "Adam", "lr": 5e-3},
        lambda setup, pair: _starved(setup, 6) | {"cosine": True},
    ),
    "noisy first-layer filters": (
        lambda setup, pair: {"first_rate": 0.01},
        lambda setup, pair: {"first_rate": 0.0},
        lambda setup, pair: {"first_rate": 0.003, "cosine": True},
    ),
    "dead ReLUs": (
        lambda setup, pair: {"dead": 1.0},
        lambda setup, pair: {"dead": 0.7},
        lambda setup, pair: {"dead": 0.8, "cosine": True},
    ),
    "regularisation drowns the data loss": (
        lambda setup, pair: {"penalty": 0.3},
        lambda setup, pair: {"penalty": 1.0},
        lambda setup, pair: {"weight_decay": 0.5, "penalty": 0.0},
    ),
    "suspect labels": (
        lambda setup, pair: {"wrong_labels": 0.2, "epochs": 2 * setup.epochs},
        lambda setup, pair: {"wrong_labels": 0.3, "epochs": 2 * setup.epochs, "cosine": True},
        lambda setup, pair: {"wrong_labels": 0.2, "epochs": 2 * setup.epochs, "rule": "Adam", "lr": 1e-3},
    ),
}


class Run(NamedTuple):
    """What a training left."""

    history: History
    model: nn.Module
    train: Dataset
    wrong: np.ndarray  # indices of the examples whose labels were changed


def plant(fault: str, pair: Pair, number: int) -> Setup:
    """The setup of the run of that number."""
    setup = Setup(*pair[:4])
    grades = FAULTS[fault]
    return dataclasses.replace(setup, **grades[number % len(grades)](setup, pair))


def train(setup: Setup, seed: int, data_dir: Path | None, on_epoch: Callable[[RunState], object] | None = None) -> Run:
    """Train as it says."""
    whole = load(setup.data, data_dir)
    examples, validation = _parts(whole, setup.examples, seed)
    labels = examples.targets.copy()
    random = np.random.default_rng(seed)
    wrong = np.flatnonzero(random.random(len(labels)) < setup.wrong_labels)
    labels[wrong] = (labels[wrong] + random.integers(1, CLASSES, len(wrong))) % CLASSES
    mean = channel_mean(examples)
    data = ArrayDataset(Centred(examples, mean)[:][0], labels)
    mg.manual_seed(seed)
    network = _network(setup, whole[0][0].shape)
    optimizer = _optimizer(setup, network)
    steps = setup.epochs * -(-len(data) // setup.batch)
    try:
        history = fit(
            network,
            data,
            Centred(validation, mean),
            epochs=setup.epochs,
            optimizer=optimizer,
            penalty=regularize.L2(setup.penalty) if setup.penalty else None,
            batch_size=setup.batch,
            seed=seed,
            schedule=CosineAnnealingLR(optimizer, steps, counts="batches") if setup.cosine else None,
            on_epoch=on_epoch,
            progress=False,
            look_every=max(1, steps // 20),
        )
    except DivergenceError as error:
        history = error.history
    return Run(history, network, data, wrong)


def load(name: str, data_dir: Path | None) -> Dataset:
    """All images to train on, and those to validate on."""
    if name == "scattered digits":
        return scattered()
    return datasets.load(name, "train", None if name == "digits" else _folder(data_dir, name))


def scattered(count: int = 5000) -> ArrayDataset:
    """Digits of 8x8 at random places of 14x14, in noise."""
    random = np.random.default_rng(0)
    images, labels = datasets.digits()[:]
    picked = random.integers(0, len(images), count)
    canvas = 0.1 * random.standard_normal((count, 1, 14, 14), np.float32)
    for image, source, (row, column) in zip(canvas, picked, random.integers(0, 7, (count, 2)), strict=True):
        image[:, row : row + 8, column : column + 8] += images[source]
    return ArrayDataset(canvas, labels[picked])


def _folder(data_dir: Path | None, name: str) -> Path | None:
    """The copy of that data set: a folder of the one that is given, or that itself."""
    named = [] if data_dir is None else [path for path in sorted(data_dir.iterdir()) if path.name[:5] == name[:5]]
    return named[0] if named else data_dir


def _parts(whole: Dataset, examples: int, seed: int) -> tuple[Dataset, Dataset]:
    train, held, _ = split(whole, [examples, _VALIDATION, len(whole) - examples - _VALIDATION], seed=seed)
    return train, held


def _network(setup: Setup, shape: Shape) -> nn.Module:
    if setup.units:
        hidden = nn.Linear(4 * shape[0], setup.units)
        return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), hidden, nn.Tanh(), nn.Linear(setup.units, CLASSES))
    network = NETWORKS[setup.network](shape, CLASSES)
    with mg.no_grad():
        for bias in [bias for name, bias in network.named_parameters() if name.endswith("bias")][:-1]:
            nn.init.constant_(bias[: round(setup.dead * len(bias))], _DEAD_BIAS)
    return network


def _optimizer(setup: Setup, network: nn.Module) -> optim.Optimizer:
    first, *others = network.parameters()
    groups = [{"params": others}, {"params": [first], "lr": setup.lr * setup.first_rate}]
    if setup.rule == "Adam":
        return optim.Adam(groups, lr=setup.lr)
    return optim.SGD(groups, lr=setup.lr, momentum=0.9, weight_decay=setup.weight_decay)
