"""In-place updates: one flat pass over the elements."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import elementwise

Array = NDArray[Any]


def fill(out: Array, value: float) -> None:
    """`out = value`."""
    out.fill(value)


def copy(out: Array, x: Array) -> None:
    """`out = x`."""
    np.copyto(out, x)


def accumulate(out: Array, x: Array) -> None:
    """`out = out + x`."""
    elementwise.add(out, out, x)
