"""Convolution and its transpose."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.errors import DataError
from minigrad.interop.onnx.operators.windows import (
    as_image,
    as_sequence,
    ends,
    given_ends,
    padded,
    pair,
    require_bounded_image,
    spatial_axes,
    split_ends,
    split_padding,
)
from minigrad.interop.onnx.table import Family, require_bounded
from minigrad.nn import functional as F
from minigrad.ops.shape import reshape
from minigrad.tensor import Tensor

operator = Family("convolution")


@operator("Conv")
def conv(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Tensor:
    """`conv2d`, with a padding of its own for every side."""
    axes = spatial_axes("Conv", x)
    _require_kernel_shape(kernel_shape, w)
    stride, dilation = pair("strides", strides, axes), pair("dilations", dilations, axes)
    image, filters = as_image(x), as_image(w)
    around = ends(auto_pad, pads, image, axes, ((filters.shape[2], filters.shape[3]), stride, dilation))
    require_bounded_image(image, around)
    before, padding = split_padding(around)
    return as_sequence(F.conv2d(padded(image, before), filters, b, stride, padding, dilation, group), axes)


@operator("ConvTranspose")
def conv_transpose(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    *,
    auto_pad: str = "NOTSET",
    dilations: Sequence[int] | None = None,
    group: int = 1,
    kernel_shape: Sequence[int] | None = None,
    output_padding: Sequence[int] | None = None,
    output_shape: Sequence[int] | None = None,
    pads: Sequence[int] | None = None,
    strides: Sequence[int] | None = None,
) -> Tensor:
    """`conv_transpose2d` of which every side is cut by a number of its own."""
    axes = spatial_axes("ConvTranspose", x)
    _require_kernel_shape(kernel_shape, w)
    stride, dilation = pair("strides", strides, axes), pair("dilations", dilations, axes)
    extra = pair("output_padding", output_padding, axes, 0)
    image, filters = as_image(x), as_image(w)
    sides = zip(image.shape[2:], filters.shape[2:], stride, dilation, strict=True)
    whole = [(length - 1) * s + d * (kernel - 1) + 1 for length, kernel, s, d in sides]
    if output_shape is not None:
        wanted = pair("output_shape", output_shape[-axes:], axes)
    else:
        wanted = image.shape[2] * stride[0], image.shape[3] * stride[1]
    if output_shape is not None or auto_pad.startswith("SAME"):
        totals = [size + e - target for size, e, target in zip(whole, extra, wanted, strict=True)]
        cut = split_ends("SAME_UPPER" if auto_pad == "SAME_UPPER" else "SAME_LOWER", totals)
    else:
        cut = given_ends(None if auto_pad == "VALID" else pads, axes)
    (top, bottom), (left, right) = cut
    require_bounded((image.shape[0], filters.shape[1] * group, *whole), image.numel())
    out = F.conv_transpose2d(image, filters, None, stride, 0, 0, group, dilation)
    around = (-top, extra[0] - bottom), (-left, extra[1] - right)
    require_bounded_image(out, around)
    out = as_sequence(padded(out, around), axes)
    return out if b is None else out + reshape(b, (-1, *(1,) * axes))


def _require_kernel_shape(kernel_shape: Sequence[int] | None, w: Tensor) -> None:
    if kernel_shape is not None and tuple(kernel_shape) != w.shape[2:]:
        raise DataError(f"kernel_shape is {list(kernel_shape)}, and the weight is {w.spec}")
