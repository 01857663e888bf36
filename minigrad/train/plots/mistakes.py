"""The images that a network is most surely wrong about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.data.arrays import Dataset, Subset
from minigrad.data.integers import require_integer
from minigrad.data.preprocess import Preprocessed
from minigrad.errors import DataError, MinigradError
from minigrad.nn.module import Module
from minigrad.train.plots.drawing import QUIET, TRAIN, VALIDATION, canvas, title, words, written
from minigrad.train.plots.predictions import Predictions, names_of, predict

if TYPE_CHECKING:
    from minigrad.train.plots.drawing import Target

_COLUMNS = 6
_WIDTH, _HEIGHT = 1.32, 1.54  # of a cell, in sides of an image


def worst_mistakes(
    model: Module,
    dataset: Dataset,
    to: Target,
    count: int = 24,
    classes: Sequence[str] | None = None,
    predictions: Predictions | None = None,
) -> Path | None:
    """Draw the images that are classified wrong with the highest probability: suspect labels, or what is to be learnt.

    Above each stand its label, the class that is predicted, and the probabilities of both. What `Preprocessed` data
    sets did to the images is taken off: they are shown as they were read.

    Parameters
    ----------
    model, dataset, to, classes, predictions
        As for `confusion_matrix`; the inputs are images (channels, height, width).
    count : int
        How many to show at most.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or there is no mistake.
    DataError
        For an empty data set, inputs that are no images, or names that are not as many as the classes.
    """
    require_integer("worst_mistakes: count", count, 1)
    found = predict(model, dataset) if predictions is None else predictions
    names = [words(name, 15) for name in names_of("worst_mistakes", dataset, classes, found.probabilities.shape[1])]
    said = found.classes
    wrong = np.flatnonzero(said != found.labels)
    if not len(wrong):
        raise MinigradError(f"worst_mistakes: there is none: all {len(said):,} images are classified right")
    sure = found.probabilities[np.arange(len(said)), said]
    worst = wrong[np.argsort(-sure[wrong], kind="stable")[:count]]
    images = as_read(dataset, worst)
    if images.ndim != 4:
        raise DataError(f"worst_mistakes: needs images (channels, height, width), got inputs {images.shape[1:]}")
    columns = min(_COLUMNS, len(worst))
    rows = -(-len(worst) // columns)
    with canvas("worst_mistakes", to, max(1.75 * columns, 5), 1.95 * rows + 0.7) as axes:
        for place, (index, image) in enumerate(zip(worst, images, strict=True)):
            row, column = divmod(place, columns)
            left, top = column * _WIDTH, row * _HEIGHT
            true = found.labels[index]
            style: dict[str, Any] = {} if image.shape[0] == 3 else {"cmap": "gray", "vmin": 0, "vmax": 1}
            axes.imshow(_picture(image), extent=_extent(image, left, top), interpolation="nearest", **style)
            texts = (
                (0.29, f"true: {names[true]}", TRAIN),
                (0.165, f"predicted: {names[said[index]]}", VALIDATION),
                (0.04, f"{_percent(sure[index])} (true: {_percent(found.probabilities[index, true])})", QUIET),
            )
            for above, text, colour in texts:
                axes.text(left, top - above, text, fontsize=8, color=colour)
        axes.set(xlim=(0, columns * _WIDTH), ylim=(rows * _HEIGHT - 0.5, -0.42), aspect="equal", anchor="NW")
        axes.set_axis_off()
        detail = f"the {len(worst)} most confident of {len(wrong):,} wrong among {len(said):,}"
        title(axes, "Worst mistakes", detail)
    return written(to)


def as_read(dataset: Dataset, indices: np.ndarray) -> np.ndarray:
    """The inputs at some indices before they were preprocessed."""
    if isinstance(dataset, Preprocessed):
        return as_read(dataset.dataset, indices)
    if isinstance(dataset, Subset):
        return as_read(dataset.dataset, dataset.indices[indices])
    return np.asarray(dataset[indices][0])


def _picture(image: np.ndarray) -> np.ndarray:
    """(C, H, W) as matplotlib takes it, in [0, 1]: stretched only if it is not."""
    low, high = float(image.min()), float(image.max())
    if low < 0 or high > 1:
        image = (image - low) / max(high - low, 1e-12)
    return image.transpose(1, 2, 0) if image.shape[0] == 3 else image.mean(0)


def _extent(image: np.ndarray, left: float, top: float) -> tuple[float, float, float, float]:
    """Where an image lies, whose longer side is 1, at the left of its place and above its foot."""
    height, width = np.array(image.shape[1:]) / max(image.shape[1:])
    return left, left + width, top + height, top


def _percent(probability: float) -> str:
    if probability < 0.001:
        return "<0.1 %"
    return ">99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"
