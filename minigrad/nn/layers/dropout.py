"""Layers that drop elements in training."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_probability
from minigrad.tensor import Tensor


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
