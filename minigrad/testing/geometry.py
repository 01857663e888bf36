"""Convolutions and poolings that are valid by construction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

Pair = tuple[int, int]


class Convolution(NamedTuple):
    """Sizes of a convolution; pairs are of height and width, channels and outputs are those of one group."""

    batch: int
    groups: int
    channels: int
    outputs: int
    size: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of `conv2d`."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}

    @property
    def params(self) -> tuple[int, ...]:
        """Parameters of the op."""
        return (*self.stride, *self.padding, *self.dilation, self.groups)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""
        return (self.batch, self.groups * self.channels, *self.size)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """(O, C / groups, kernel height, kernel width)."""
        return (self.groups * self.outputs, self.channels, *self.kernel)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """(N, O, output height, output width)."""
        windows = zip(self.size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return (self.batch, self.groups * self.outputs, *(_windows(*window) for window in windows))


class Pooling(NamedTuple):
    """Sizes of a pooling; pairs are of height and width."""

    batch: int
    channels: int
    size: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    ceil_mode: bool

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(N, C, H, W)."""
        return (self.batch, self.channels, *self.size)

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of `avg_pool2d`, and all but the dilation of `max_pool2d`."""
        window = {"kernel_size": self.kernel, "stride": self.stride, "padding": self.padding}
        return {**window, "ceil_mode": self.ceil_mode}


def _windows(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Windows along an axis, counted by walking from one to the next."""
    ends = range(dilation * (kernel - 1), size + 2 * padding, stride)
    return len(ends)


def pairs(low: int, high: int) -> st.SearchStrategy[Pair]:
    """Two integers in [low, high], one for each axis."""
    return st.tuples(st.integers(low, high), st.integers(low, high))


def counts() -> st.SearchStrategy[int]:
    """How many images or channels there are: rarely none."""
    return st.sampled_from((1, 2, 3, 2, 1, 3, 2, 0))


@st.composite
def convolutions(draw: Callable[..., Any], *, same: bool = False) -> Convolution:
    """Convolutions with unequal strides, paddings and dilations; with `same`, those whose padding may be 'same'."""
    kernel, dilation = draw(pairs(1, 3)), draw(pairs(1, 2))
    stride, padding = ((1, 1), (0, 0)) if same else (draw(pairs(1, 3)), draw(pairs(0, 2)))
    sides = zip(kernel, padding, dilation, strict=True)
    size = tuple(max(d * (k - 1) + 1 - 2 * p, 1) + draw(st.integers(0, 4)) for k, p, d in sides)
    numbers = draw(counts()), draw(st.integers(1, 2)), draw(counts()), draw(counts())
    return Convolution(*numbers, size, kernel, stride, padding, dilation)


@st.composite
def poolings(draw: Callable[..., Any], *, dilated: bool = False) -> Pooling:
    """Poolings whose windows may overlap, leave gaps, and with ceil_mode hang over the end."""
    kernel, stride, ceil_mode = draw(pairs(1, 3)), draw(pairs(1, 3)), draw(st.booleans())
    dilation = draw(pairs(1, 2)) if dilated else (1, 1)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    sides = zip(kernel, padding, dilation, strict=True)
    size = tuple(max(d * (k - 1) + 1 - 2 * p, 1) + draw(st.integers(0, 4)) for k, p, d in sides)
    return Pooling(draw(counts()), draw(counts()), size, kernel, stride, padding, dilation, ceil_mode)
