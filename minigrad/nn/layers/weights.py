"""How layers with weights start them."""

from __future__ import annotations

import math
from typing import Any

from minigrad.ops.create import created
from minigrad.ops.update import uniform_
from minigrad.tensor import Parameter


def started(layer: str, shape: tuple[int, ...], fan_in: int, device: str, dtype: Any) -> Parameter:
    """Uniform numbers in +-1 / sqrt(fan_in): how PyTorch starts weights and biases of linear and convolutional layers.

    Their deviation, 1 / sqrt(3 fan_in), is less than the sqrt(2 / fan_in) of `init.kaiming_normal_`, which keeps the
    scale of activations through ReLUs.
    """
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    return Parameter(uniform_(created(layer, (shape,), dtype, device, True), -bound, bound, layer))
