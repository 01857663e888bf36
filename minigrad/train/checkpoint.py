"""Checkpoints: weights, and all else it takes to use a network on new images."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.checks import shown
from minigrad.data.given import require_given
from minigrad.data.preprocess import PREPROCESSING, Preprocessing
from minigrad.errors import DataError
from minigrad.models.registry import build_model
from minigrad.nn.module import Module
from minigrad.ops.update import without_random_fills
from minigrad.train.weights import load_weights, save_weights
from minigrad.version import __version__

_KEY, _FORMAT = "minigrad", 2
_LARGEST = 2**16
STATE = "preprocessing/"  # before the names of its arrays: no attribute of a module has a slash


@dataclass(frozen=True)
class Description:
    """All of a trained network but its weights.

    Parameters
    ----------
    model : str
        Its name in `minigrad.models.MODELS`.
    arguments : dict
        What it is built with: ``in_shape``, ``classes``, ...
    classes : tuple of str
        What its logits stand for.
    preprocessing : Preprocessing
        Fitted: what images in [0, 1] go through first. Where it makes K features of one, ``in_shape`` is (K, 1, 1).
    data : str
        What it was trained on: the name of a data set, or a folder.

    Raises
    ------
    DataError
        If the parts do not fit together.
    """

    model: str
    arguments: Mapping[str, Any]
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    data: str

    def __post_init__(self) -> None:
        require_given("Description", arguments=self.arguments, preprocessing=self.preprocessing)
        if not isinstance(self.classes, tuple | list):
            raise DataError(f"Description: classes must be a sequence of names, got {shown(self.classes)}")
        others = dict(self.arguments)
        shape = _require_image("in_shape", others.pop("in_shape", None))
        if not all(map(_is_plain, others.values())):
            raise DataError(f"Description: arguments must be numbers, integers in [1, {_LARGEST}], got {others}")
        if others.get("classes") != len(self.classes):
            raise DataError(f"Description: {len(self.classes)} names of classes, {others.get('classes')} logits")
        image = _require_image("the images of preprocessing", self.image_shape)
        if (made := network_shape(self.preprocessing, image)) != shape:
            raise DataError(f"Description: preprocessing makes {made} of images {image}, the network takes {shape}")
        if not all(isinstance(name, str) and name.isprintable() for name in (self.model, self.data, *self.classes)):
            raise DataError("Description: names must be printable")

    @property
    def image_shape(self) -> Any:
        """Channels, height and width of an image, before preprocessing."""
        preprocessing = self.preprocessing
        return self.arguments["in_shape"] if preprocessing.keeps_shape else preprocessing.mean_.shape

    def build(self) -> Module:
        """A new network."""
        return build_model(self.model, **self.arguments)


def save_checkpoint(path: str | os.PathLike[str], description: Description, weights: Mapping[str, Any]) -> Path:
    """Write a checkpoint, a safetensors file, in one step; an existing one is replaced. Returns the path."""
    require_given("save_checkpoint", path=path, description=description, weights=weights)
    if taken := [name for name in weights if name.startswith(STATE)]:
        raise DataError(f"save_checkpoint: names that begin with {STATE} are taken; rename {', '.join(taken)}")
    fitted = description.preprocessing
    about = {
        "format": _FORMAT,
        "model": description.model,
        "arguments": description.arguments,
        "classes": description.classes,
        "data": description.data,
        "preprocessing": {"kind": type(fitted).__name__, "settings": fitted.settings},
        "versions": {"minigrad": __version__, "numpy": np.__version__},
    }
    state = {STATE + name: array for name, array in fitted.state_dict().items()}
    return save_weights(path, {**weights, **state}, {_KEY: json.dumps(about)})


def load_checkpoint(path: str | os.PathLike[str]) -> tuple[Module, Description]:
    """Build the network of a checkpoint, with its weights.

    Returns
    -------
    network : Module
        In training mode, as every new one is.
    description : Description
        What it was built from.

    Raises
    ------
    DataError
        If the file is missing, damaged, no checkpoint of ours, or if its parts do not fit together.
    """
    require_given("load_checkpoint", path=path)
    weights, description = read_checkpoint(path)
    if description is None:
        raise DataError(f"{path}: this file has weights but does not say of which network; load_weights reads it")
    with _usable(path):
        # What a hostile file asks for is reserved, not filled, until its weights have been seen to fit.
        with without_random_fills():
            network = description.build()
        network.load_state_dict(weights)
    return network, description


def read_checkpoint(path: str | os.PathLike[str]) -> tuple[dict[str, np.ndarray], Description | None]:
    """The weights of a safetensors file, and what it says of its network; None if it is no checkpoint of ours."""
    weights, metadata = load_weights(path)
    if _KEY not in metadata:
        return weights, None
    with _usable(path):
        return weights, _description(json.loads(metadata[_KEY]), weights)


@contextmanager
def _usable(path: str | os.PathLike[str]) -> Iterator[None]:
    """DataError for whatever a hostile description may raise: it cannot be used."""
    try:
        yield
    except Exception as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: this checkpoint cannot be used: {reason}") from error


def network_shape(preprocessing: Preprocessing, image: tuple[int, ...]) -> tuple[int, ...]:
    """The ``in_shape`` of a network that gets preprocessed images; ShapeError if they are not those fitted."""
    return (*preprocessing.out_shape(image), 1, 1)[:3]


def _description(about: Any, weights: dict[str, np.ndarray]) -> Description:
    """What a header says, with the arrays that are not weights, which are taken out of them."""
    if about["format"] not in (1, _FORMAT):
        raise DataError(f"its format is {about['format']!r}, this version of minigrad reads 1 and {_FORMAT}")
    arguments = {**about["arguments"], "in_shape": tuple(about["arguments"]["in_shape"])}
    if about["format"] == 1:
        kind, settings, state = "ChannelMean", {}, {"mean": np.array(about["mean"], np.float64)[:, None, None]}
    else:
        kind, settings = about["preprocessing"]["kind"], about["preprocessing"]["settings"]
        state = {name.removeprefix(STATE): weights.pop(name) for name in [*weights] if name.startswith(STATE)}
    if kind not in PREPROCESSING:
        raise DataError(f"no preprocessing is called {kind!r}; there are {', '.join(PREPROCESSING)}")
    preprocessing = PREPROCESSING[kind](**settings)
    preprocessing.load_state_dict(state)
    return Description(about["model"], arguments, tuple(about["classes"]), preprocessing, about["data"])


def _require_image(what: str, shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or len(shape) != 3 or not all(type(n) is int and 0 < n <= _LARGEST for n in shape):
        raise DataError(f"Description: {what} must be channels, height and width of an image, got {shape!r}")
    return shape


def _is_plain(value: Any) -> bool:
    """Whether a value is one that a network can be built from, of whatever size."""
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is bool or (type(value) is int and 0 < value <= _LARGEST)
