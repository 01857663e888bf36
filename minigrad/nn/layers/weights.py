"""How layers with weights start them."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn import init
from minigrad.ops.create import empty
from minigrad.tensor import Parameter


def started(shape: tuple[int, ...], fan_in: int, device: str, dtype: Any) -> Parameter:
    """Even numbers in +-1 / sqrt(fan_in): how PyTorch starts the weights and biases of linear and convolutional layers.

    Their deviation is 1 / sqrt(3 fan_in), which is less than the sqrt(2 / fan_in) that keeps a scale through ReLUs: to
    have that, call `init.kaiming_normal_`.
    """
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    return Parameter(init.uniform_(empty(shape, dtype=dtype, device=device), -bound, bound))
