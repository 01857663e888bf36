"""The fully connected layer."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.checks import as_flag, as_int
from minigrad.nn import functional as F
from minigrad.nn.layers.weights import started
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class Linear(Module):
    """y = x W^T + b over the last axis; weight (out_features, in_features), bias (out_features,).

    Both start uniform in +-1 / sqrt(in_features).
    """

    fan_in_axes: ClassVar = {"weight": (1,)}

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: str = "cpu", dtype: Any = None
    ) -> None:
        self.in_features = as_int("Linear", "in_features", in_features, 0)
        self.out_features = as_int("Linear", "out_features", out_features, 0)
        has_bias = as_flag("Linear", "bias", bias)
        self.weight = started("Linear", (self.out_features, self.in_features), self.in_features, device, dtype)
        self.bias = started("Linear", (self.out_features,), self.in_features, device, dtype) if has_bias else None

    def forward(self, input: Tensor) -> Tensor:
        """(..., in_features) to (..., out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The settings that `repr` shows."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
