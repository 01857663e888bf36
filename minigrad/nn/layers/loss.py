"""Losses as modules."""

from __future__ import annotations

from minigrad.nn import functional as F
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_int, require_tensor
from minigrad.tensor import Buffer, Tensor


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
