"""The networks whose training steps are timed, built from minigrad's layers or PyTorch's: the names are the same."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple


class Network(NamedTuple):
    """How to build a network, and the batch it is trained on."""

    build: Callable[[ModuleType], Any]
    batch: int
    image: tuple[int, ...]
    classes: int = 10


def mlp(nn: ModuleType) -> Any:
    return nn.Sequential(nn.Linear(3072, 50), nn.ReLU(), nn.Linear(50, 10))


def course(nn: ModuleType) -> Any:
    """(CONV10 RELU CONV10 RELU POOL) three times, FC."""
    layers = []
    for block in range(3):
        layers += [nn.Conv2d(10 if block else 3, 10, 3, padding=1), nn.ReLU()]
        layers += [nn.Conv2d(10, 10, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(160, 10))


def lenet(nn: ModuleType) -> Any:
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def convnetjs(nn: ModuleType) -> Any:
    """The CIFAR-10 demo of ConvNetJS."""
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(20, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(320, 10)),
    )


def vgg16(nn: ModuleType) -> Any:
    """The thirteen convolutions of VGG-16 at 32x32, and one fully connected layer."""
    layers, channels = [], 3
    for outputs, repeats in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(repeats):
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU()]
            channels = outputs
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(512, 10))


def alexnet(nn: ModuleType) -> Any:
    """AlexNet of 2012: two groups, LRN, overlapping pools; dropout is left out of a comparison of losses."""
    return nn.Sequential(
        *(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU()),
        *(nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0), nn.MaxPool2d(3, 2)),
        *(nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()),
        *(nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(9216, 4096), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)),
    )


NETWORKS = {
    "mlp 3072-50-10": Network(mlp, 100, (3072,)),
    "course ConvNet": Network(course, 100, (3, 32, 32)),
    "LeNet-5": Network(lenet, 128, (1, 28, 28)),
    "ConvNetJS CIFAR": Network(convnetjs, 100, (3, 32, 32)),
    "VGG-16 body 32px": Network(vgg16, 32, (3, 32, 32)),
    "AlexNet 2012": Network(alexnet, 8, (3, 227, 227), 1000),
}
