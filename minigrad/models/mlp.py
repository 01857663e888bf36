"""The two-layer network that courses begin with."""

from __future__ import annotations

import math

from minigrad import nn
from minigrad.checks import as_int
from minigrad.models.sizes import require_settings
from minigrad.models.start import start_for_relu
from minigrad.ops.shape import flatten
from minigrad.tensor import Tensor


class MLP(nn.Module):
    """FC RELU FC: images (N, *in_shape) to logits (N, classes).

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image.
    hidden : int
        Units of the hidden layer.
    classes : int
        Number of logits.

    Notes
    -----
    Weights start from N(0, 2 / fan_in) before the RELU and from N(0, 1 / fan_in) after it, biases from zero.
    """

    def __init__(self, in_shape: tuple[int, int, int] = (1, 28, 28), hidden: int = 100, classes: int = 10) -> None:
        require_settings("MLP", in_shape, classes)
        as_int("MLP", "hidden", hidden, 1)
        self.fc1 = nn.Linear(math.prod(in_shape), hidden)
        self.fc2 = nn.Linear(hidden, classes)
        self.relu = nn.ReLU()
        start_for_relu(self, self.fc2)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        return self.fc2(self.relu(self.fc1(flatten(input, 1))))
