"""Arrays of any strides, for kernels that see memory as one row of elements.

An element lies at start + sum of index times stride, all uint32. A negative stride is its value modulo 2**32: the sum
wraps around to the right place, for the row begins at the element with the lowest address.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from minigrad_kernels.cuda.array import DeviceArray

WORD = 1 << 32


class Span(NamedTuple):
    """The memory of an array from its first byte to its last, and where its elements lie in it."""

    row: DeviceArray
    start: int
    strides: tuple[int, ...]


def span(array: DeviceArray, axes: int | None = None) -> Span:
    """Return the span of an array; with `axes`, its strides are those of an array with leading axes of length 1."""
    steps = [stride // array.itemsize for stride in array.strides]
    reach = [(length - 1) * step for length, step in zip(array.shape, steps, strict=True)] if array.size else []
    lowest, highest = sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)
    count = highest - lowest + 1 if array.size else 0
    row = DeviceArray(array.memory, (count,), array.dtype, None, array.offset + lowest * array.itemsize)
    leading = 0 if axes is None else axes - array.ndim
    return Span(row, -lowest, (0,) * leading + tuple(step % WORD for step in steps))


def collapse(shape: Sequence[int], *strides: Sequence[int]) -> tuple[list[int], list[list[int]]]:
    """Merge axes that are one axis in memory, in all arrays: return the shape and each array's strides."""
    kept = [axis for axis, length in enumerate(shape) if length != 1]
    lengths: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for axis in kept:
        length = shape[axis]
        if lengths and all(mine[-1] == length * given[axis] for mine, given in zip(steps, strides, strict=True)):
            lengths[-1] *= length
            for mine, given in zip(steps, strides, strict=True):
                mine[-1] = given[axis]
        else:
            lengths.append(length)
            for mine, given in zip(steps, strides, strict=True):
                mine.append(given[axis])
    return lengths, steps


def broadcast(array: DeviceArray, shape: Sequence[int]) -> DeviceArray:
    """Return a 0-d array expanded to a shape, and any other one as it is."""
    return array if array.shape == tuple(shape) or math.prod(shape) == 0 else array.expand(shape)
