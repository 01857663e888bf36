"""Checkpoints: weights, and all else it takes to use a network on new images."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.errors import DataError
from minigrad.models.registry import build_model
from minigrad.nn.module import Module
from minigrad.ops.update import without_random_fills
from minigrad.train.weights import load_weights, save_weights
from minigrad.version import __version__

_KEY, _FORMAT = "minigrad", 1
_LARGEST = 2**16


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
    mean : tuple of float
        What is taken off each channel of an image in [0, 1].
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
    mean: tuple[float, ...]
    data: str

    def __post_init__(self) -> None:
        shape, others = _image_shape(self.arguments), dict(self.arguments)
        del others["in_shape"]
        if not all(map(_is_plain, others.values())):
            raise DataError(f"description: arguments must be numbers, integers in [1, {_LARGEST}], got {others}")
        if others.get("classes") != len(self.classes):
            raise DataError(f"description: {len(self.classes)} names of classes, {others.get('classes')} logits")
        if len(self.mean) != shape[0] or not all(type(value) is float and math.isfinite(value) for value in self.mean):
            raise DataError(f"description: mean must be a finite number for each of {shape[0]} channels")
        if not all(isinstance(name, str) and name.isprintable() for name in (self.model, self.data, *self.classes)):
            raise DataError("description: names must be printable")

    def build(self) -> Module:
        """A new network."""
        return build_model(self.model, **self.arguments)


def save_checkpoint(path: str | os.PathLike[str], description: Description, weights: Mapping[str, Any]) -> Path:
    """Write a checkpoint, a safetensors file, in one step; an existing one is replaced. Returns the path."""
    versions = {"minigrad": __version__, "numpy": np.__version__}
    about = {"format": _FORMAT, **asdict(description), "versions": versions}
    return save_weights(path, weights, {_KEY: json.dumps(about)})


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
    weights, metadata = load_weights(path)
    if _KEY not in metadata:
        raise DataError(f"{path}: this file has weights but does not say of which network; load_weights reads it")
    try:
        description = _description(metadata[_KEY])
        # What a hostile file asks for is reserved, not filled, until its weights have been seen to fit.
        with without_random_fills():
            network = description.build()
        network.load_state_dict(weights)
    except Exception as error:  # whatever a hostile description may raise: it cannot be used
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: this checkpoint cannot be used: {reason}") from error
    return network, description


def _description(text: str) -> Description:
    about = json.loads(text)
    if about["format"] != _FORMAT:
        raise DataError(f"its format is {about['format']!r}, this version of minigrad reads {_FORMAT}")
    arguments = {**about["arguments"], "in_shape": tuple(about["arguments"]["in_shape"])}
    classes, mean = tuple(about["classes"]), tuple(map(float, about["mean"]))
    return Description(about["model"], arguments, classes, mean, about["data"])


def _image_shape(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    shape = arguments.get("in_shape")
    if not isinstance(shape, tuple) or len(shape) != 3 or not all(type(n) is int and 0 < n <= _LARGEST for n in shape):
        raise DataError(f"description: in_shape must be channels, height and width of an image, got {shape!r}")
    return shape


def _is_plain(value: Any) -> bool:
    """Whether a value is one that a network can be built from, of whatever size."""
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is bool or (type(value) is int and 0 < value <= _LARGEST)
