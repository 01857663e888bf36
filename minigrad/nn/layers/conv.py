"""Layers of filters that slide over an image."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.errors import ShapeError
from minigrad.nn import functional as F
from minigrad.nn.layers.weights import new_bias, new_weight
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_int, as_pair
from minigrad.tensor import Tensor


class Conv2d(Module):
    """Convolution with learned filters; see `minigrad.nn.functional.conv2d` for the formula and the output size."""

    fan_in_axes: ClassVar = {"weight": (1, 2, 3)}

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        device: str = "cpu",
        dtype: Any = None,
    ) -> None:
        self.in_channels = as_int("Conv2d", "in_channels", in_channels, 1)
        self.out_channels = as_int("Conv2d", "out_channels", out_channels, 1)
        self.kernel_size = as_pair("Conv2d", "kernel_size", kernel_size, 1)
        self.stride = as_pair("Conv2d", "stride", stride, 1)
        self.padding = padding if isinstance(padding, str) else as_pair("Conv2d", "padding", padding, 0)
        self.dilation = as_pair("Conv2d", "dilation", dilation, 1)
        self.groups = as_int("Conv2d", "groups", groups, 1)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ShapeError(
                f"Conv2d: in_channels {in_channels} and out_channels {out_channels} must divide into {groups} groups"
            )
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        self.weight = new_weight(shape, device, dtype)
        self.bias = new_bias(self.weight, device, dtype) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, O, output height, output width)."""
        return F.conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """The settings that `repr` shows; those at their defaults are left out."""
        settings = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        if self.padding != (0, 0):
            settings.append(f"padding={self.padding!r}")
        if self.dilation != (1, 1):
            settings.append(f"dilation={self.dilation}")
        if self.groups != 1:
            settings.append(f"groups={self.groups}")
        if self.bias is None:
            settings.append("bias=False")
        return ", ".join(settings)
