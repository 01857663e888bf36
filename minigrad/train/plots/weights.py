"""The filters of a network's first layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minigrad.data.integers import require_integer
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.train.plots.drawing import canvas, title, written

if TYPE_CHECKING:
    from minigrad.train.plots.drawing import Target

_FINE = 24  # pixels at least that a tile is made of


def first_layer_weights(
    model: Module, to: Target, in_shape: Sequence[int] | None = None, most: int = 100
) -> Path | None:
    """Draw the filters of the first layer as a grid of images, each scaled by its largest weight.

    Filters over red, green and blue are in colour, and grey is 0; others are shown channel by channel, side by side,
    from blue, negative, over white to red. A trained layer has smooth filters, edges and blobs; noise says that it has
    not been trained for long enough, or not regularised.

    Parameters
    ----------
    model : Module
        Its first parameter of two dimensions or more is taken: weights (out, in, height, width) of a convolution, or
        (out, features) of a linear layer.
    to : path-like or matplotlib.axes.Axes
        Where the PNG goes, whose folder is made, or what to draw into.
    in_shape : sequence of int, optional
        Channels, height and width of an image, for a linear layer that is not over square ones, grey or in colour.
    most : int
        Of more filters, those of largest L2 norm are shown.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed.
    DataError
        When there are no weights, or they are no images.
    """
    require_integer("first_layer_weights: most", most, 1)
    name, filters = _first_filters(model, in_shape)
    shown = filters
    if len(filters) > most:
        norms = np.linalg.norm(filters.reshape(len(filters), -1), axis=1)
        shown = filters[np.sort(np.argsort(-norms, kind="stable")[:most])]
    tiles = _tiles(shown)
    rows, columns = _grid(len(tiles), tiles.shape[2] / tiles.shape[1])
    picture = mosaic(tiles, rows, columns, round(0.1 * tiles.shape[1]) * (2 if filters.shape[1] not in (1, 3) else 1))
    height, width = picture.shape[:2]
    inches = min(9.0, 1.1 * columns * tiles.shape[2] / tiles.shape[1])
    with canvas("first_layer_weights", to, max(6.0, inches), inches * height / width + 0.8) as axes:
        axes.imshow(picture, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
        axes.set_axis_off()
        axes.set_anchor("NW")
        times = "x".join(map(str, filters.shape[1:]))
        number = str(len(filters)) if shown is filters else f"the {most} of largest norm, of {len(filters)}"
        scale = "grey is 0" if picture.ndim == 3 else "blue is negative, red positive"
        noun = "filter" if len(filters) == 1 else "filters"
        title(axes, f"First layer: {name}", f"{number} {noun} of {times}, each scaled by its largest weight; {scale}")
    return written(to)


def mosaic(tiles: np.ndarray, rows: int, columns: int, frame: int) -> np.ndarray:
    """Tiles (N, H, W) or (N, H, W, 3) in rows as one image, so many pixels of nothing between them."""
    height, width, *colours = tiles.shape[1:]
    place = (height + frame, width + frame)
    fill = 1.0 if colours else np.nan
    picture = np.full((rows * place[0] - frame, columns * place[1] - frame, *colours), fill)
    for number, tile in enumerate(tiles):
        top, left = (at * step for at, step in zip(divmod(number, columns), place, strict=True))
        picture[top : top + height, left : left + width] = tile
    return picture


def _first_filters(model: Module, in_shape: Sequence[int] | None) -> tuple[str, np.ndarray]:
    """Name and weights (out, in, height, width) of the first layer."""
    candidates = (item for item in model.named_parameters() if len(item[1].shape) >= 2)
    name, parameter = next(candidates, ("", None))
    if parameter is None:
        raise DataError("first_layer_weights: the model has no parameter of two dimensions or more")
    weights = parameter.detach().cpu().numpy().astype(np.float64)
    if weights.ndim == 4:
        return name, weights
    shape = tuple(in_shape) if in_shape is not None else _square(weights.shape[1])
    if weights.ndim != 2 or len(shape) != 3 or math.prod(shape) != weights.shape[1]:
        wanted = "pass in_shape=(channels, height, width)" if in_shape is None else f"in_shape is {shape}"
        raise DataError(f"first_layer_weights: {name} of shape {weights.shape} holds no images; {wanted}")
    return name, weights.reshape(len(weights), *shape)


def _square(features: int) -> tuple[int, ...]:
    """Channels, height and width of a square image, grey or in colour; nothing if there is none."""
    sides = {channels: math.isqrt(features // channels) for channels in (1, 3)}
    return next(((channels, n, n) for channels, n in sides.items() if channels * n * n == features), ())


def _tiles(filters: np.ndarray) -> np.ndarray:
    """What is shown of filters: (N, H, W, 3) in [0, 1] for three channels, else (N, H, W) in [-1, 1]."""
    filters = np.nan_to_num(filters)
    largest = np.abs(filters).max(axis=(1, 2, 3), keepdims=True)
    scaled = filters / np.where(largest > 0, largest, 1)
    fine = -(-_FINE // min(filters.shape[2:]))  # so that what lies between can be a small part of a pixel
    scaled = scaled.repeat(fine, 2).repeat(fine, 3)
    if scaled.shape[1] == 3:
        return 0.5 + scaled.transpose(0, 2, 3, 1) / 2
    return np.stack([mosaic(channels, 1, len(channels), _FINE // 12) for channels in scaled])


def _grid(count: int, aspect: float) -> tuple[int, int]:
    """Rows and columns about twice as wide as high, with few places left over, for tiles so much wider than high."""
    wanted = math.sqrt(2 * count / aspect)
    candidates = range(max(1, math.floor(0.9 * wanted)), max(1, math.ceil(1.3 * wanted)) + 1)
    columns = min(candidates, key=lambda number: (-count % number, abs(number - wanted)))
    return -(-count // columns), columns
