"""The layers. Each holds its settings and parameters, and calls the function of the same purpose in `functional`."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minigrad.errors import ShapeError
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_int, as_pair, as_probability, require_tensor
from minigrad.ops.create import empty
from minigrad.ops.shape import flatten
from minigrad.tensor import Buffer, Parameter, Tensor

# Deviation 1 / sqrt(3 fan_in), bounds +-1 / sqrt(fan_in): how PyTorch starts linear and convolutional layers.
_DEFAULT_GAIN = 1 / math.sqrt(3)


def _weight(shape: tuple[int, ...], device: str, dtype: Any) -> Parameter:
    return Parameter(init.kaiming_uniform_(empty(shape, dtype=dtype, device=device), _DEFAULT_GAIN))


def _bias(weight: Parameter, device: str, dtype: Any) -> Parameter:
    bound = 1 / math.sqrt(max(init.fans(weight)[0], 1))
    return Parameter(init.uniform_(empty(weight.shape[0], dtype=dtype, device=device), -bound, bound))


class Linear(Module):
    """y = x W^T + b over the last axis; weight (out_features, in_features), bias (out_features,)."""

    fan_in_axes: ClassVar = {"weight": (1,)}

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: str = "cpu", dtype: Any = None
    ) -> None:
        self.in_features = as_int("Linear", "in_features", in_features, 0)
        self.out_features = as_int("Linear", "out_features", out_features, 0)
        self.weight = _weight((self.out_features, self.in_features), device, dtype)
        self.bias = _bias(self.weight, device, dtype) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """(..., in_features) to (..., out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return f"{self.in_features}, {self.out_features}, bias={self.bias is not None}"


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
        self.weight = _weight(shape, device, dtype)
        self.bias = _bias(self.weight, device, dtype) if bias else None

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


class _Pool2d(Module):
    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False) -> None:
        name = type(self).__name__
        self.kernel_size = as_pair(name, "kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else as_pair(name, "stride", stride, 1)
        self.padding = as_pair(name, "padding", padding, 0)
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, ceil_mode={self.ceil_mode}"
        )


class MaxPool2d(_Pool2d):
    """Largest element of each window; see `minigrad.nn.functional.max_pool2d`."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.dilation = as_pair("MaxPool2d", "dilation", dilation, 1)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """(N, C, H, W) to (N, C, output height, output width)."""
        out, indices = F.max_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, return_indices=True
        )
        return (out, indices) if self.return_indices else out

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return f"{super().extra_repr()}, dilation={self.dilation}"


class AvgPool2d(_Pool2d):
    """Mean of each window; see `minigrad.nn.functional.avg_pool2d`."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode)
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C, output height, output width)."""
        return F.avg_pool2d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.relu(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.tanh(input)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.sigmoid(input)


class _Dropout(Module):
    def __init__(self, p: float = 0.5) -> None:
        self.p = as_probability(type(self).__name__, p)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return f"p={self.p}"


class Dropout(_Dropout):
    """Inverted dropout: in training, zero with probability p, else scale by 1 / (1 - p)."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.dropout(input, self.p, self.training)


class VanillaDropout(_Dropout):
    """Dropout as on the course's slides: zero with probability p in training, scale by 1 - p in evaluation."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.vanilla_dropout(input, self.p, self.training)


class Flatten(Module):
    """Axes start_dim to end_dim made one; by default all but the batch."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = as_int("Flatten", "start_dim", start_dim)
        self.end_dim = as_int("Flatten", "end_dim", end_dim)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C * H * W)."""
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class _AlongAxis(Module):
    def __init__(self, dim: int) -> None:
        self.dim = as_int(type(self).__name__, "dim", dim)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return f"dim={self.dim}"


class Softmax(_AlongAxis):
    """exp(x) / sum(exp(x)) along an axis."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.softmax(input, self.dim)


class LogSoftmax(_AlongAxis):
    """The logarithm of the softmax along an axis."""

    def forward(self, input: Tensor) -> Tensor:
        """Any shape."""
        return F.log_softmax(input, self.dim)


class CrossEntropyLoss(Module):
    """Softmax loss of scores and classes; see `minigrad.nn.functional.cross_entropy`."""

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        if weight is not None:
            require_tensor("CrossEntropyLoss", weight=weight)
        self.weight = None if weight is None else Buffer(weight)
        self.ignore_index = as_int("CrossEntropyLoss", "ignore_index", ignore_index)
        self.reduction = reduction
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Scores (N, C) and classes (N,) to a loss."""
        return F.cross_entropy(input, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)
