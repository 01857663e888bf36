"""Reductions over axes, which are gone from the output, and running sums; any strides.

NumPy's reductions are vectorised, sum in pairs along the innermost axis, and run in one thread: their order of
summation is a matter of shape and strides alone. The sum over all axes but the channels', the gradient of every bias of
a convolution, is a kernel of our own, 3 times as fast: a task is a channel, whose blocks are added up in float64.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.quiet import quiet
from minigrad_kernels.cpu.sums import sum_of

Array = NDArray[Any]

# Elements from which the kernel is worth calling, and those that are added up before the sum becomes float64.
LARGE = 4096
BLOCK = 1024
ELEMENT_NANOSECONDS = 0.05


def sum(out: Array, x: Array, axes: tuple[int, ...]) -> None:
    """Write the sum of x over the axes."""
    if x.size >= LARGE and x.dtype.kind == "f" and _are_all_but_channels(axes, x.ndim) and x.flags.c_contiguous:
        batch, channels = x.shape[:2]
        team.run(_sum_of_channel, channels, x.size * ELEMENT_NANOSECONDS, out, x.reshape(batch, channels, -1))
    else:
        quiet(np.add.reduce, x, axes, out.dtype, out)


def _are_all_but_channels(axes: tuple[int, ...], ndim: int) -> bool:
    return ndim > 2 and axes == (0, *range(2, ndim))


@kernel("out T1", "in T3")
def _sum_of_channel(begin, end, worker, out_c, x_ncl):
    for c in range(begin, end):
        total = 0.0
        for n in range(x_ncl.shape[0]):
            row = x_ncl[n, c]
            for start in range(0, len(row), BLOCK):
                total += sum_of(row[start : start + BLOCK])
        out_c[c] = total


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
