"""What slides windows over images: one or two spatial axes, and ONNX's ways to say how they are padded."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.errors import DataError, ShapeError
from minigrad.interop.onnx.table import require_bounded
from minigrad.nn import functional as F
from minigrad.tensor import Tensor

Pair = tuple[int, int]
Ends = tuple[Pair, Pair]
"""Padding before and after: of the height, of the width."""


def spatial_axes(operator: str, x: Tensor) -> int:
    """How many axes come after the channels: one or two; ShapeError for others."""
    if x.ndim not in (3, 4):
        raise ShapeError(f"{operator}: one or two spatial axes are required, the input is {x.spec}")
    return x.ndim - 2


def as_image(x: Tensor) -> Tensor:
    """A sequence as an image of height 1, which an image is already."""
    return x.unsqueeze(2) if x.ndim == 3 else x


def as_sequence(x: Tensor, axes: int) -> Tensor:
    """The way back."""
    return x.squeeze(2) if axes == 1 else x


def pair(name: str, numbers: Sequence[int] | None, axes: int, default: int = 1) -> Pair:
    """A number for each spatial axis as (height, width)."""
    if numbers is None:
        numbers = (default,) * axes
    if len(numbers) != axes:
        raise DataError(f"{name} must have a number for each of {axes} spatial axes, got {list(numbers)}")
    return (default, numbers[0]) if axes == 1 else (numbers[0], numbers[1])


def given_ends(pads: Sequence[int] | None, axes: int) -> Ends:
    """Padding as ONNX writes it, all that come before, then all that come after."""
    if pads is None:
        return (0, 0), (0, 0)
    if len(pads) != 2 * axes:
        raise DataError(f"pads must have two numbers for each of {axes} spatial axes, got {list(pads)}")
    height = (0, 0) if axes == 1 else (pads[0], pads[2])
    return height, (pads[axes - 1], pads[2 * axes - 1])


def ends(auto_pad: str, pads: Sequence[int] | None, image: Tensor, axes: int, windows: tuple[Pair, Pair, Pair]) -> Ends:
    """The padding for windows of a kernel, strides and dilations: as given, or as many as auto_pad has to fill."""
    if auto_pad in ("NOTSET", ""):
        return given_ends(pads, axes)
    if auto_pad == "VALID":
        return (0, 0), (0, 0)
    totals = []
    for length, kernel, stride, dilation in zip(image.shape[2:], *windows, strict=True):
        count = -(-length // stride)
        totals.append(max((count - 1) * stride + dilation * (kernel - 1) + 1 - length, 0))
    return split_ends(auto_pad, totals)


def split_ends(auto_pad: str, totals: Sequence[int]) -> Ends:
    """Totals in halves, of which the larger comes last for SAME_UPPER and first for SAME_LOWER."""
    if auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
        raise DataError(f"auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, got {auto_pad!r}")
    height, width = ((total // 2, total - total // 2) for total in totals)
    return (height, width) if auto_pad == "SAME_UPPER" else (height[::-1], width[::-1])


def padded(image: Tensor, around: Ends, value: float = 0.0) -> Tensor:
    """An image among a value; a negative padding takes from it."""
    (top, bottom), (left, right) = around
    return F.pad(image, (left, right, top, bottom), value=value) if any((top, bottom, left, right)) else image


def split_padding(around: Ends, most: Sequence[int] | None = None) -> tuple[Ends, Pair]:
    """What is to be padded first, and what an op pads itself: the same on both sides, no more than it takes."""
    (top, bottom), (left, right) = around
    itself = top == bottom >= 0 and left == right >= 0 and (most is None or (top <= most[0] and left <= most[1]))
    return (((0, 0), (0, 0)), (top, left)) if itself else (around, (0, 0))


def require_bounded_image(image: Tensor, around: Ends) -> None:
    """Raise DataError for an image that would have too many elements with its padding."""
    lengths = [max(length + sum(more), 0) for length, more in zip(image.shape[2:], around, strict=True)]
    require_bounded((*image.shape[:2], *lengths), image.numel())
