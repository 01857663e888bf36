"""How layers with weights start them."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn import init
from minigrad.ops.create import empty
from minigrad.tensor import Parameter

# Deviation 1 / sqrt(3 fan_in), bounds +-1 / sqrt(fan_in): how PyTorch starts linear and convolutional layers.
_DEFAULT_GAIN = 1 / math.sqrt(3)


def new_weight(shape: tuple[int, ...], device: str, dtype: Any) -> Parameter:
    """A weight whose axis 0 counts the outputs."""
    return Parameter(init.kaiming_uniform_(empty(shape, dtype=dtype, device=device), _DEFAULT_GAIN))


def new_bias(weight: Parameter, device: str, dtype: Any) -> Parameter:
    """A bias for each output of a weight."""
    bound = 1 / math.sqrt(max(init.fans(weight)[0], 1))
    return Parameter(init.uniform_(empty(weight.shape[0], dtype=dtype, device=device), -bound, bound))
