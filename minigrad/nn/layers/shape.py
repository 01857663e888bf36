"""Layers that rearrange elements."""

from dataclasses import dataclass
from typing import Any

from minigrad.checks import as_int
from minigrad.errors import ShapeError
from minigrad.nn import functional as F
from minigrad.nn.layers.settings import Int, Layer, Padding, Size
from minigrad.nn.module import Module
from minigrad.ops.shape import flatten
from minigrad.tensor import Tensor


@dataclass(eq=False, repr=False)
class Flatten(Layer):
    """Axes start_dim to end_dim made one: by default (N, C, H, W) to (N, C * H * W)."""

    function = flatten
    start_dim: Int = 1
    end_dim: Int = -1


@dataclass(eq=False, repr=False)
class Unfold(Layer):
    """The windows of each image as columns (im2col); see `minigrad.nn.functional.unfold`."""

    function = F.unfold
    kernel_size: Size
    dilation: Size = 1
    padding: Padding = 0
    stride: Size = 1


@dataclass(eq=False, repr=False)
class Fold(Layer):
    """The sum of columns at the places that `Unfold` takes them from; see `minigrad.nn.functional.fold`."""

    function = F.fold
    output_size: Size
    kernel_size: Size
    dilation: Size = 1
    padding: Padding = 0
    stride: Size = 1


class ZeroPad2d(Module):
    """Zeros around an image: as many on every side, or (left, right, top, bottom)."""

    def __init__(self, padding: Any) -> None:
        sides = tuple(padding) if isinstance(padding, tuple | list) else (padding,) * 4
        if len(sides) != 4:
            raise ShapeError(f"ZeroPad2d: padding must be one integer, or (left, right, top, bottom), got {padding!r}")
        self.padding = tuple(as_int("ZeroPad2d", "padding", side, 0) for side in sides)

    def forward(self, input: Tensor) -> Tensor:
        """(..., H, W) to (..., top + H + bottom, left + W + right)."""
        return F.pad(input, self.padding)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return str(self.padding)
