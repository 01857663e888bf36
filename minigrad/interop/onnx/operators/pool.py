"""Pooling over windows, and over all of an image."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod

from minigrad.dtypes import FLOATS
from minigrad.interop.onnx.operators.windows import (
    Ends,
    Pair,
    as_image,
    as_sequence,
    ends,
    padded,
    pair,
    require_bounded_image,
    spatial_axes,
    split_padding,
)
from minigrad.interop.onnx.table import Family, Run
from minigrad.nn import functional as F
from minigrad.ops.create import arange, full, ones
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
    before, padding = split_padding(_all_ends(auto_pad, pads, image, axes, windows, bool(ceil_mode)), _halves(windows))
    values = padded(image if x.dtype in FLOATS else image.float(), before, -inf)
    out, places = F.max_pool2d(values, windows[0], windows[1], padding, windows[2], return_indices=True)
    out = as_sequence(out.to(x.dtype), axes)
    if run.read == 1:
        return out
    return out, as_sequence(_places_in_all(places, image, values, before, bool(storage_order)), axes)


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
    rest, padding = split_padding(whole, _halves(windows))
    if whole == around and not any((*rest[0], *rest[1])) and windows[2] == (1, 1):
        out = F.avg_pool2d(image, windows[0], windows[1], padding, count_include_pad=bool(count_include_pad))
        return as_sequence(out, axes)
    mask = ones(1, 1, *image.shape[2:], dtype=x.dtype, device=x.device)
    if count_include_pad:
        overhang = [(0, all_after - after) for (_, after), (_, all_after) in zip(around, whole, strict=True)]
        counted = padded(padded(mask, around, 1.0), (overhang[0], overhang[1]))
    else:
        counted = padded(mask, whole)
    return as_sequence(_means(padded(image, whole), windows) / _means(counted, windows), axes)


@operator("GlobalAveragePool")
def global_average_pool(x: Tensor) -> Tensor:
    """The mean of each channel."""
    return x.mean(tuple(range(2, x.ndim)), keepdim=True)


@operator("GlobalMaxPool")
def global_max_pool(x: Tensor) -> Tensor:
    """The maximum of each channel."""
    return x.amax(tuple(range(2, x.ndim)), keepdim=True)


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
        count = count_windows("pool", "size", size, kernel, stride, 0, dilation, input=image.spec)
        if ceil_mode and (size - span) % stride and count * stride < length + before:
            after += count * stride + span - size
        filled.append((before, after))
    whole = filled[0], filled[1]
    require_bounded_image(image, whole)
    return whole


def _halves(windows: Windows) -> Pair:
    """The most padding that pooling takes."""
    (height, width), *_ = windows
    return height // 2, width // 2


def _means(image: Tensor, windows: Windows) -> Tensor:
    """The mean over each window of an image that is padded already."""
    kernel, strides, dilations = windows
    if dilations == (1, 1):
        return F.avg_pool2d(image, kernel, strides)
    channels = image.reshape(-1, 1, *image.shape[2:])
    share = full((1, 1, *kernel), 1 / prod(kernel), image.dtype, image.device)
    out = F.conv2d(channels, share, None, strides, 0, dilations)
    return out.reshape(*image.shape[:2], *out.shape[2:])


def _places_in_all(places: Tensor, image: Tensor, values: Tensor, around: Ends, by_column: bool) -> Tensor:
    """Places in a padded channel as places in all of the input, counted along rows or along columns."""
    (top, _), (left, _) = around
    height, width = image.shape[2:]
    row = places.floor_divide(values.shape[3])
    column = places - row * values.shape[3] - left
    row = row - top
    within = row + column * height if by_column else row * width + column
    channels = arange(image.shape[0] * image.shape[1], device=image.device)
    return within + (channels * (height * width)).reshape(*image.shape[:2], 1, 1)
