"""All the pictures that can be drawn of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from minigrad.data.arrays import Dataset
from minigrad.errors import MinigradError
from minigrad.nn.module import Module
from minigrad.train.history import History
from minigrad.train.plots.confusion import confusion_matrix
from minigrad.train.plots.curves import accuracy, learning_rate, loss
from minigrad.train.plots.drawing import new_figure
from minigrad.train.plots.layers import activations, update_ratios
from minigrad.train.plots.mistakes import worst_mistakes
from minigrad.train.plots.predictions import predict
from minigrad.train.plots.weights import first_layer_weights

_Picture = tuple[tuple[str, ...], Callable[[Path], object]]

_WHY = MappingProxyType(
    {"history": "there is no history", "model": "there is no model", "validation": "there is no validation set"}
)


class Drawn(NamedTuple):
    """A picture, or why there is none.

    Attributes
    ----------
    name : str
        Of the picture.
    path : pathlib.Path or None
        Where it was written.
    reason : str
        What it lacked, if it was not.
    """

    name: str
    path: Path | None
    reason: str = ""


def draw_all(
    folder: str | PathLike[str],
    history: History | None = None,
    model: Module | None = None,
    validation: Dataset | None = None,
    *,
    in_shape: Sequence[int] | None = None,
    classes: Sequence[str] | None = None,
    why: Mapping[str, str] = _WHY,
) -> list[Drawn]:
    """Draw every picture of a run that can be drawn, into a folder made for them.

    Parameters
    ----------
    folder : path-like
        Where they go: ``loss.png``, ``accuracy.png``, ...
    history : History, optional
        What `fit` returned.
    model : Module, optional
        What was trained.
    validation : Dataset, optional
        The validation set, preprocessed as in training.
    in_shape, classes
        As for `first_layer_weights` and `confusion_matrix`.
    why : dict
        For "history", "model" and "validation": what to say where there is none.

    Returns
    -------
    list of Drawn
        One for each picture, drawn or not.

    Raises
    ------
    MinigradError
        When matplotlib is not installed.
    """
    new_figure("plots", 1, 1)  # raises, once for all
    given = {"history": history, "model": model, "validation": validation}
    drawn = []
    for name, (needs, draw) in _pictures(history, model, validation, in_shape, classes).items():
        lacks = [need for need in needs if given[need] is None]
        path = Path(folder, f"{name.replace(' ', '-')}.png")
        try:
            if lacks:
                raise MinigradError({**_WHY, **why}[lacks[0]])
            draw(path)
            drawn.append(Drawn(name, path))
        except MinigradError as error:
            drawn.append(Drawn(name, None, str(error)))
    return drawn


def _pictures(history: Any, model: Any, validation: Any, in_shape: Any, classes: Any) -> dict[str, _Picture]:
    """For every picture: what it takes, and what draws it."""
    found = cache(lambda: {"classes": classes, "predictions": predict(model, validation)})
    past, both = ("history",), ("model", "validation")
    return {
        "loss": (past, lambda path: loss(history, path)),
        "accuracy": (past, lambda path: accuracy(history, path)),
        "learning rate": (past, lambda path: learning_rate(history, path)),
        "activations": (past, lambda path: activations(history, path, model)),
        "update ratios": (past, lambda path: update_ratios(history, path)),
        "first layer weights": (("model",), lambda path: first_layer_weights(model, path, in_shape)),
        "confusion matrix": (both, lambda path: confusion_matrix(model, validation, path, **found())),
        "worst mistakes": (both, lambda path: worst_mistakes(model, validation, path, **found())),
    }
