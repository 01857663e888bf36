"""Pooling over windows, and over all of an image."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod

import minigrad as mg
from minigrad.dtypes import FLOATS
from minigrad.interop.onnx.operators.windows import (
    Ends,
    Pair,
    as_image,
    as_sequence,
    ends,
    padded,
    pair,
    same_on_both_sides,
    spatial_axes,
)
from minigrad.interop.onnx.table import Family, Run, require_bounded
from minigrad.nn import functional as F
from minigrad.ops.windows import count_windows
from minigrad.tensor import Tensor

operator = Family("pooling")
Windows = tuple[Pair, Pair, Pair]
"""Kernel, strides, dilations."""


@operator("MaxPool")
def max_pool(
    x: Tensor,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None = None,
    storage_order: int = 0,
    strides: Sequence[int] | None = None,
    run: Run,
) -> Tensor | tuple[Tensor, Tensor]:
    """`max_pool2d`; its second output counts places over the whole input."""
    axes = spatial_axes("MaxPool", x)
    windows = _windows(axes, kernel_shape, strides, dilations)
    image = as_image(x)
    around = _all_ends(auto_pad, pads, image, axes, windows, bool(ceil_mode))
    values = padded(image if x.dtype in FLOATS else image.float(), around, -inf)
    out, places = F.max_pool2d(values, windows[0], windows[1], 0, windows[2], return_indices=True)
    out = as_sequence(out.to(x.dtype), axes)
    if run.outputs == 1:
        return out
    return out, as_sequence(_places_in_all(places, image, values, around, bool(storage_order)), axes)


@operator("AveragePool")
def average_pool(
    x: Tensor,
    *,
    auto_pad: str = "NOTSET",
    ceil_mode: int = 0,
    count_include_pad: int = 0,
    dilations: Sequence[int] | None = None,
    kernel_shape: Sequence[int],
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Tensor:
    """The mean over a window's elements, those of the padding counted or not, what ceil_mode adds never."""
    axes = spatial_axes("AveragePool", x)
    windows = _windows(axes, kernel_shape, strides, dilations)
    image = as_image(x)
    around = ends(auto_pad, pads, image, axes, windows)
    whole = _all_ends(auto_pad, pads, image, axes, windows, bool(ceil_mode))
    if not any((*whole[0], *whole[1])):
        return as_sequence(_means(image, windows), axes)
    ones = mg.ones(1, 1, *image.shape[2:], dtype=x.dtype, device=x.device)
    if count_include_pad:
        ones = padded(ones, around, 1.0)
        rest: Ends = tuple((0, all_after - after) for (_, after), (_, all_after) in zip(around, whole, strict=True))  # type: ignore[assignment]
        counted = padded(ones, rest)
    else:
        counted = padded(ones, whole)
    return as_sequence(_means(padded(image, whole), windows) / _means(counted, windows), axes)


@operator("GlobalAveragePool")
def global_average_pool(x: Tensor) -> Tensor:
    """The mean of each channel."""
    return mg.mean(x, tuple(range(2, x.ndim)), keepdim=True)


@operator("GlobalMaxPool")
def global_max_pool(x: Tensor) -> Tensor:
    """The maximum of each channel."""
    return mg.amax(x, tuple(range(2, x.ndim)), keepdim=True)


def _windows(
    axes: int, kernel: Sequence[int], strides: Sequence[int] | None, dilations: Sequence[int] | None
) -> Windows:
    return pair("kernel_shape", kernel, axes), pair("strides", strides, axes), pair("dilations", dilations, axes)


def _all_ends(
    auto_pad: str, pads: Sequence[int] | None, image: Tensor, axes: int, windows: Windows, ceil_mode: bool
) -> Ends:
    """The padding, and at the end what a last window needs that ceil_mode lets overhang."""
    around = ends(auto_pad, pads, image, axes, windows)
    filled = []
    for length, (before, after), kernel, stride, dilation in zip(image.shape[2:], around, *windows, strict=True):
        size, span = length + before + after, dilation * (kernel - 1) + 1
        count = count_windows("pool", "size", size, kernel, stride, 0, dilation)
        if ceil_mode and (size - span) % stride and count * stride < length + before:
            after += count * stride + span - size
        filled.append((before, after))
    require_bounded((*image.shape[:2], *[n + sum(ends) for n, ends in zip(image.shape[2:], filled, strict=True)]))
    return filled[0], filled[1]


def _means(image: Tensor, windows: Windows) -> Tensor:
    """The mean over each window of an image that is padded already."""
    kernel, strides, dilations = windows
    if dilations == (1, 1):
        return F.avg_pool2d(image, kernel, strides)
    channels = mg.reshape(image, -1, 1, *image.shape[2:])
    share = mg.full((1, 1, *kernel), 1 / prod(kernel), image.dtype, image.device)
    out = F.conv2d(channels, share, None, strides, 0, dilations)
    return mg.reshape(out, *image.shape[:2], *out.shape[2:])


def _places_in_all(places: Tensor, image: Tensor, values: Tensor, around: Ends, by_column: bool) -> Tensor:
    """Places in a padded channel as places in all of the input, counted along rows or along columns."""
    (top, _), (left, _) = around
    height, width = image.shape[2:]
    row = mg.floor_divide(places, values.shape[3])
    column = places - row * values.shape[3] - left
    row = row - top
    within = row + column * height if by_column else row * width + column
    channels = mg.arange(image.shape[0] * image.shape[1], device=image.device)
    return within + mg.reshape(channels * (height * width), *image.shape[:2], 1, 1)
