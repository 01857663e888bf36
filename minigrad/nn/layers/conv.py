"""Layers of filters that slide over sequences and images."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad import dtypes
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.nn import functional as F
from minigrad.nn.layers.weights import started
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_flag, as_int, as_pair, as_single
from minigrad.ops.conv import require_named_padding
from minigrad.ops.conv_transpose import require_output_padding
from minigrad.ops.windows import count_windows
from minigrad.tensor import Tensor


class _Conv(Module):
    """Settings, weights and text of all convolutions.

    Weight and bias start uniform in +-1 / sqrt(fan_in), fan_in the product of the weight's last axes: a channel
    axis and the kernel's.
    """

    rank: ClassVar[int] = 2

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
        name = type(self).__name__
        self.in_channels = as_int(name, "in_channels", in_channels, 1)
        self.out_channels = as_int(name, "out_channels", out_channels, 1)
        self.kernel_size = self._lengths("kernel_size", kernel_size, 1)
        self.stride = self._lengths("stride", stride, 1)
        self.padding = self._padding(padding)
        self.dilation = self._lengths("dilation", dilation, 1)
        self.groups = as_int(name, "groups", groups, 1)
        if self.in_channels % self.groups or self.out_channels % self.groups:
            message = f"in_channels {in_channels} and out_channels {out_channels} must divide into {groups} groups"
            raise ShapeError(f"{name}: {message}")
        has_bias = as_flag(name, "bias", bias)
        weight_shape, bias_shape = self._shapes()
        fan_in = math.prod(weight_shape[-1 - self.rank :])
        self.weight = started(name, weight_shape, fan_in, device, dtype)
        self.bias = started(name, bias_shape, fan_in, device, dtype) if has_bias else None

    def _lengths(self, name: str, value: Any, minimum: int) -> tuple[int, ...]:
        owner = type(self).__name__
        if self.rank == 1:
            return (as_single(owner, name, value, minimum),)
        return as_pair(owner, name, value, minimum)

    def _padding(self, padding: Any) -> Any:
        return self._lengths("padding", padding, 0)

    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Of the weight, and of the bias."""
        return (self.out_channels, self.in_channels // self.groups, *self.kernel_size), (self.out_channels,)

    def extra_repr(self) -> str:
        """The settings that `repr` shows; some are left out at their defaults."""
        shown = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        zeros, ones = (0,) * self.rank, (1,) * self.rank
        for name, default in (("padding", zeros), ("dilation", ones), ("output_padding", zeros), ("groups", 1)):
            value = getattr(self, name, default)
            if value != default:
                shown.append(f"{name}={value!r}")
        return ", ".join(shown if self.bias is not None else [*shown, "bias=False"])


class _NamedPadding(_Conv):
    """Convolutions whose padding may be 'same' or 'valid'."""

    def _padding(self, padding: Any) -> Any:
        if not isinstance(padding, str):
            return super()._padding(padding)
        require_named_padding(type(self).__name__, padding, self.stride)
        return padding


class Conv1d(_NamedPadding):
    """Convolution of sequences with learned filters; see `minigrad.nn.functional.conv1d`.

    The weight is (out_channels, in_channels / groups, kernel length), the bias (out_channels,). Both start
    uniform in +-1 / sqrt(fan_in), fan_in = in_channels / groups * kernel length.
    """

    rank: ClassVar = 1
    fan_in_axes: ClassVar = {"weight": (1, 2)}

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, L) to (N, O, output length)."""
        return F.conv1d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Conv2d(_NamedPadding):
    """Convolution with learned filters; see `minigrad.nn.functional.conv2d` for the formula and the output size.

    The weight is (out_channels, in_channels / groups, kernel height, kernel width), the bias (out_channels,). Both
    start uniform in +-1 / sqrt(fan_in), fan_in = in_channels / groups * kernel height * kernel width.
    """

    fan_in_axes: ClassVar = {"weight": (1, 2, 3)}

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, O, output height, output width)."""
        return F.conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class ConvTranspose2d(_Conv):
    """Transposed convolution, a learned upsampling; see `minigrad.nn.functional.conv_transpose2d`.

    The weight is (in_channels, out_channels / groups, kernel height, kernel width), the bias (out_channels,). Both
    start uniform in +-1 / sqrt(out_channels / groups * kernel height * kernel width), as PyTorch has it.
    """

    # With groups these are the weights of as many units together, and `MaxNorm` bounds their sum.
    fan_in_axes: ClassVar = {"weight": (0, 2, 3)}

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        device: str = "cpu",
        dtype: Any = None,
    ) -> None:
        self.output_padding = self._lengths("output_padding", output_padding, 0)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, device, dtype)
        require_output_padding("ConvTranspose2d", self.output_padding, self.stride, self.dilation)

    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (self.in_channels, self.out_channels // self.groups, *self.kernel_size), (self.out_channels,)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, O, output height, output width)."""
        window = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return F.conv_transpose2d(input, self.weight, self.bias, *window)


class LocallyConnected2d(_Conv):
    """A convolution whose weights are not shared between positions; see `minigrad.nn.functional.locally_connected2d`.

    The weight is (output height, output width, out_channels, in_channels, kernel height, kernel width), the bias
    (out_channels, output height, output width), for images of height and width `input_size` alone. Both start as those
    of `Conv2d`.
    """

    fan_in_axes: ClassVar = {"weight": (3, 4, 5)}

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: Any,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        bias: bool = True,
        device: str = "cpu",
        dtype: Any = None,
    ) -> None:
        self.input_size = self._lengths("input_size", input_size, 1)
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, 1, bias, device, dtype)

    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        image = Spec((self.in_channels, *self.input_size), dtypes.DEFAULT)
        sides = zip(
            *(("height", "width"), self.input_size, self.kernel_size, self.stride, self.padding, self.dilation),
            strict=True,
        )
        windows = tuple(count_windows("LocallyConnected2d", *side, input=image) for side in sides)
        return (*windows, self.out_channels, self.in_channels, *self.kernel_size), (self.out_channels, *windows)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, *input_size) to (N, O, output height, output width)."""
        return F.locally_connected2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return f"{super().extra_repr()}, input_size={self.input_size}"
