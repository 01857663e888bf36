"""Row-major walks over strided arrays: element i of a walk lies at start + its coordinates times the strides.

Axes that are one axis in memory are merged first, so that most walks have one or two, and a device divides seldom.
Kernels walk four; the rare leading axes beyond these are walked here, with a launch for each of their places.
"""

import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.language import device, uint32
from minigrad_kernels.cuda.strides import WORD, Span, collapse

AXES = 4
SHAPE = ("uint",) * AXES
"""What a kernel takes for `Walk.shape`."""
STEPS = ("uint",) * (1 + AXES)
"""What it takes for the start and the strides of one array."""


class Walk(NamedTuple):
    """The arguments of a kernel that walks: number of axes and last three lengths; start and strides of each array."""

    first: int
    size: int
    shape: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]

    def part_of(self, out: DeviceArray) -> DeviceArray:
        """Return the elements of a contiguous array that lie on this walk."""
        return out.reshape(-1).slice((slice(self.first, self.first + self.size),))


def walks(shape: Sequence[int], *spans: Span) -> Iterator[Walk]:
    """Yield the walks, one for most shapes, over arrays whose strides are those of the spans."""
    lengths, strides = collapse(shape, *(span.strides for span in spans))
    if 0 in lengths:
        lengths, strides = [0], [[0]] * len(spans)
    inner = lengths[-AXES:]
    size, missing = math.prod(inner), AXES - len(inner)
    padded = (1,) * missing + tuple(inner)
    for number, outer in enumerate(itertools.product(*map(range, lengths[:-AXES]))):
        steps = []
        for span, given in zip(spans, strides, strict=True):
            start = span.start + sum(map(operator.mul, outer, given))
            steps.append((start % WORD, *(0,) * missing, *given[-AXES:]))
        yield Walk(number * size, size, (len(inner), *padded[1:]), tuple(steps))


def over(given: Span, axes: Sequence[int]) -> Span:
    """Return the span with the strides of some axes alone."""
    return given._replace(strides=tuple(given.strides[axis] for axis in axes))


@device
def place(i, axes, n1, n2, n3, start, s0, s1, s2, s3):
    """Return where element i of a walk lies; the branches are the same for all threads."""
    if axes <= uint32(1):
        return uint32(start + i * s3)
    rest = uint32(i // n3)
    at = uint32(start + uint32(i % n3) * s3)
    if axes == uint32(2):
        return uint32(at + rest * s2)
    row = uint32(rest // n2)
    return uint32(at + uint32(rest % n2) * s2 + uint32(row % n1) * s1 + uint32(row // n1) * s0)
