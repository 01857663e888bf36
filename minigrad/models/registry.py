"""Networks by name: what `minigrad models` lists, and what a checkpoint can be built from again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from minigrad.checks import shown
from minigrad.errors import DataError
from minigrad.models.alexnet import AlexNet, AlexNet2012
from minigrad.models.convnet import ConvNet
from minigrad.models.convnetjs import ConvNetJSCifar10, ConvNetJSMnist
from minigrad.models.googlenet import GoogLeNet
from minigrad.models.lenet import LeNet
from minigrad.models.mlp import MLP
from minigrad.models.resnet import CifarResNet, ResNet
from minigrad.models.vgg import VGG
from minigrad.nn.module import Module


class Entry(NamedTuple):
    """A network's class or function, the image it was made for, and a line about it.

    Attributes
    ----------
    build : callable
        ``build(in_shape=(channels, height, width), classes=10, ...)``; further arguments have defaults.
    in_shape : tuple of int
        Channels, height and width of the image it was made for.
    about : str
        Its layers or its origin, in a few words.
    """

    build: Callable[..., Module]
    in_shape: tuple[int, int, int]
    about: str


_CIFAR, _IMAGENET = (3, 32, 32), (3, 224, 224)


def _vgg(depth: int, batch_norm: bool) -> Entry:
    about = f"VGG-{depth} (Simonyan & Zisserman 2015){' with batch normalisation' if batch_norm else ''}"
    return Entry(partial(VGG, depth, batch_norm), _IMAGENET, about)


def _resnet(depth: int) -> Entry:
    return Entry(partial(ResNet, depth), _IMAGENET, f"ResNet-{depth} for ImageNet (He et al. 2016)")


def _cifar_resnet(depth: int) -> Entry:
    return Entry(partial(CifarResNet, depth), _CIFAR, f"ResNet-{depth} for CIFAR-10 (He et al. 2016)")


MODELS = {
    "convnet": Entry(ConvNet, _CIFAR, "the course's (CONV RELU CONV RELU POOL) x 3, FC"),
    "two_layer_net": Entry(
        partial(MLP, in_shape=_CIFAR, hidden=50), _CIFAR, "the course's FC RELU FC of 50 hidden units"
    ),
    "lenet": Entry(LeNet, (1, 28, 28), "LeNet-5 (LeCun et al. 1998) with ReLU and max pooling"),
    "mlp": Entry(MLP, (1, 28, 28), "two fully connected layers, 100 hidden units"),
    "convnetjs_mnist": Entry(ConvNetJSMnist, (1, 24, 24), "ConvNetJS' demo for MNIST"),
    "convnetjs_cifar10": Entry(ConvNetJSCifar10, _CIFAR, "ConvNetJS' demo for CIFAR-10"),
    "alexnet2012": Entry(AlexNet2012, (3, 227, 227), "AlexNet (Krizhevsky et al. 2012): two groups, LRN"),
    "alexnet": Entry(AlexNet, _IMAGENET, "AlexNet in one tower (Krizhevsky 2014), as in torchvision"),
    **{f"vgg{depth}": _vgg(depth, False) for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}_bn": _vgg(depth, True) for depth in (11, 13, 16, 19)},
    "googlenet": Entry(partial(GoogLeNet, False, True), _IMAGENET, "GoogLeNet (Szegedy et al. 2015) with its heads"),
    "googlenet_bn": Entry(partial(GoogLeNet, True, True), _IMAGENET, "GoogLeNet as in torchvision, with its heads"),
    **{f"resnet{depth}": _cifar_resnet(depth) for depth in (20, 32, 56)},
    **{f"resnet{depth}": _resnet(depth) for depth in (18, 34, 50)},
}


def build_model(name: str, **arguments: Any) -> Module:
    """Build a network by its name.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
    **arguments
        Of its class: in_shape, classes, and what else it takes.

    Raises
    ------
    DataError
        For a name or an argument that is not known; ShapeError where an image does not fit the network.
    """
    entry = MODELS.get(name) if isinstance(name, str) else None
    if entry is None:
        raise DataError(f"model: no network is called {shown(name)}; there are {', '.join(MODELS)}")
    known = inspect.signature(entry.build).parameters
    unknown = [key for key in arguments if key not in known]
    if unknown:
        raise DataError(f"model: {name} takes {', '.join(known)}; it does not take {', '.join(unknown)}")
    return entry.build(**arguments)
