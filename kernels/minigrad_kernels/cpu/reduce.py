"""Reductions over axes, which are gone from the output, and running sums; any strides.

NumPy's reductions are vectorised, sum in pairs along the innermost axis, and run in one thread: their order of
summation is a matter of shape and strides alone.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.quiet import quiet

Array = NDArray[Any]


def sum(out: Array, x: Array, axes: tuple[int, ...]) -> None:
    """Write the sum of x over the axes."""
    quiet(np.add.reduce, x, axes, out.dtype, out)


def mean(out: Array, x: Array, axes: tuple[int, ...]) -> None:
    """Write the sum of x over the axes, divided by the number of elements summed."""
    sum(out, x, axes)
    quiet(np.divide, out, math.prod([x.shape[axis] for axis in axes]), out)


def spread(out: Array, x: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    """Write each element of x along the axes, which it has not, divided by the number of its copies."""
    kept = [1 if axis in axes else length for axis, length in enumerate(shape)]
    out[...] = quiet(np.divide, x, math.prod([shape[axis] for axis in axes])).reshape(kept)


def amax(out: Array, x: Array, axes: tuple[int, ...]) -> None:
    """Write the largest element of x over the axes, NaN if one is."""
    quiet(np.maximum.reduce, x, axes, None, out)


def amin(out: Array, x: Array, axes: tuple[int, ...]) -> None:
    """Write the smallest element of x over the axes, NaN if one is."""
    quiet(np.minimum.reduce, x, axes, None, out)


def argmax(out_int64: Array, x: Array, axis: int) -> None:
    """Write the position of the first largest element along the axis; NaN counts as the largest."""
    out_int64[...] = np.argmax(x, axis)


def argmin(out_int64: Array, x: Array, axis: int) -> None:
    """Write the position of the first smallest element along the axis; NaN counts as the smallest."""
    out_int64[...] = np.argmin(x, axis)


def cumsum(out: Array, x: Array, axis: int) -> None:
    """Write the sums of the elements of x up to each one along the axis."""
    quiet(np.add.accumulate, x, axis, None, out)
