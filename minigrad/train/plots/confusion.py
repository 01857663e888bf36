"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.nn.module import Module
from minigrad.train.plots.drawing import INK, QUIET, canvas, title, words, written
from minigrad.train.plots.predictions import Predictions, names_of, predict

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from minigrad.train.plots.drawing import Target

_MOST_COUNTS = 25  # classes for which there is room for numbers
_MOST_NAMES = 60


def confusion_matrix(
    model: Module,
    dataset: Dataset,
    to: Target,
    classes: Sequence[str] | None = None,
    predictions: Predictions | None = None,
) -> Path | None:
    """Draw how many examples of each class, a row, are taken for each class, a column.

    Colours are parts of the row: what is right is blue, what is wrong orange, on a scale of its own that ends at the
    commonest mistake. At the right is the part of each class that is found. The commonest mistakes are told in words.

    Parameters
    ----------
    model : Module
        Maps inputs (N, ...) to scores (N, classes).
    dataset : Dataset
        Pairs of inputs, preprocessed as in training, and labels: of the validation set.
    to : path-like or matplotlib.axes.Axes
        Where the PNG goes, whose folder is made, or what to draw into.
    classes : sequence of str, optional
        What the labels stand for, unless the data set says so.
    predictions : Predictions, optional
        What `predict(model, dataset)` gave, so that it need not be computed again.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed.
    DataError
        For an empty data set, or names that are not as many as the classes.
    """
    found = predict(model, dataset) if predictions is None else predictions
    number = found.probabilities.shape[1]
    names = [words(name, 20) for name in names_of("confusion_matrix", dataset, classes, number)]
    counts = np.zeros((number, number), int)
    np.add.at(counts, (found.labels, found.classes), 1)
    side = min(max(0.42 * number, 3.0), 11.0)
    beside = 0.08 * max(map(len, names)) + 0.5  # inches, for the names
    with canvas("confusion_matrix", to, side + beside + 0.8, side + beside + 0.8) as axes:
        _draw_cells(axes, counts)
        _name_classes(axes, names)
        if number <= _MOST_COUNTS:
            _write_counts(axes, counts)
        right = int(np.trace(counts))
        detail = f"{right:,} of {counts.sum():,} right, {100 * right / counts.sum():.1f} %"
        title(axes, "Confusion matrix", "\n".join([detail, *wrap(_commonest(counts, names), int(12 * (side + 0.8)))]))
    return written(to)


def _draw_cells(axes: Axes, counts: np.ndarray) -> None:
    parts = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    wrong = np.where(right | (counts == 0), np.nan, parts)
    axes.imshow(np.where(right, parts, np.nan), cmap="Blues", vmin=0, vmax=1.25)
    axes.imshow(wrong, cmap="Oranges", vmin=0, vmax=1.25 * max(np.nan_to_num(wrong).max(), 1e-9))
    axes.set(xlabel="predicted", ylabel="true")
    edges = np.arange(len(counts) + 1) - 0.5
    axes.hlines(edges, -0.5, len(counts) - 0.5, color="#DDDDDD", linewidth=0.5)
    axes.vlines(edges, -0.5, len(counts) - 0.5, color="#DDDDDD", linewidth=0.5)
    axes.spines[:].set_visible(False)


def _name_classes(axes: Axes, names: Sequence[str]) -> None:
    places = range(0, len(names), -(-len(names) // _MOST_NAMES))
    size = 9 if len(names) <= _MOST_COUNTS else 6
    labels = [names[place] for place in places]
    upright = max(map(len, names)) > 3
    axes.set_xticks(places, labels, fontsize=size, rotation=90 if upright else 0)
    axes.set_yticks(places, labels, fontsize=size)
    axes.tick_params(length=0)


def _write_counts(axes: Axes, counts: np.ndarray) -> None:
    """The numbers, and at the right the part of each class that is found."""
    totals = counts.sum(1)
    worst = max(((counts / np.maximum(totals, 1)[:, None]) * (1 - np.eye(len(counts)))).max(), 1e-9)
    for (true, said), count in np.ndenumerate(counts):
        if count:
            is_dark = count / totals[true] > 0.8 * (1 if true == said else worst)
            colour = "white" if is_dark else INK
            axes.text(said, true, f"{count}", ha="center", va="center", fontsize=8, color=colour)
    axes.text(len(counts) - 0.3, len(counts) - 0.4, "found", va="top", fontsize=8, color=QUIET)
    for true, total in enumerate(totals):
        text = f"{100 * counts[true, true] / total:.0f} %" if total else "none"
        axes.text(len(counts) - 0.3, true, text, va="center", fontsize=8, color=QUIET)


def _commonest(counts: np.ndarray, names: Sequence[str]) -> str:
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    order = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [np.unravel_index(place, wrong.shape) for place in order if wrong.flat[place]]
    told = [f"{names[true]} taken for {names[said]} ({wrong[true, said]})" for true, said in pairs]
    unbroken = [text.replace(" ", "\N{NO-BREAK SPACE}") for text in told]
    return f"commonest mistakes: {', '.join(unbroken)}" if told else ""
