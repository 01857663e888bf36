"""In-place updates: one flat pass over the elements."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import elementwise
from minigrad_kernels.cpu.quiet import quiet

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


def lerp(out: Array, x: Array, weight: float) -> None:
    """`out = (1 - weight) out + weight x`."""
    quiet(np.multiply, out, 1 - weight, out)
    quiet(np.add, out, quiet(np.multiply, x, weight), out)
