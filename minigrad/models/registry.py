"""Networks by name: what `minigrad models` lists, and what a checkpoint can be built from again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

from minigrad.errors import DataError
from minigrad.models.convnet import ConvNet
from minigrad.models.lenet import LeNet
from minigrad.models.mlp import MLP
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


MODELS = {
    "convnet": Entry(ConvNet, (3, 32, 32), "the course's (CONV RELU CONV RELU POOL) x 3, FC"),
    "lenet": Entry(LeNet, (1, 28, 28), "LeNet-5 (LeCun et al. 1998) with ReLU and max pooling"),
    "mlp": Entry(MLP, (1, 28, 28), "two fully connected layers, 100 hidden units"),
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
    entry = MODELS.get(name)
    if entry is None:
        raise DataError(f"model: no network is called {name!r}; there are {', '.join(MODELS)}")
    known = inspect.signature(entry.build).parameters
    unknown = [key for key in arguments if key not in known]
    if unknown:
        raise DataError(f"model: {name} takes {', '.join(known)}; it does not take {', '.join(unknown)}")
    return entry.build(**arguments)
