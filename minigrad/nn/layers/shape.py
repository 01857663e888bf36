"""Layers that rearrange axes."""

from __future__ import annotations

from minigrad.nn.module import Module
from minigrad.ops.arguments import as_int
from minigrad.ops.shape import flatten
from minigrad.tensor import Tensor


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
