"""Layers that drop elements in training."""

from dataclasses import dataclass

from minigrad.nn import functional as F
from minigrad.nn.layers.settings import Layer, Probability
from minigrad.tensor import Tensor


@dataclass(eq=False, repr=False)
class _Dropout(Layer):
    p: Probability = 0.5

    def forward(self, input: Tensor) -> Tensor:
        """Of any shape; what happens depends on the mode."""
        return type(self).function(input, self.p, self.training)


class Dropout(_Dropout):
    """Inverted dropout: in training, zero with probability p, else scale by 1 / (1 - p)."""

    function = F.dropout


class VanillaDropout(_Dropout):
    """Dropout as on the course's slides: zero with probability p in training, scale by 1 - p in evaluation."""

    function = F.vanilla_dropout


class Dropout2d(_Dropout):
    """Inverted dropout of whole channels of (N, C, H, W): in training, zero with probability p, else 1 / (1 - p)."""

    function = F.dropout2d
