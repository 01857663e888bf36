"""How a convolution is cut into tasks and blocks: plain integers, computed once for each shape.

A gather is result[o, p] = sum_{c, t} weight[o, c, t] * wide[c][view of t][row of t][p] over the pixels p of a band of rows. The
forward convolution is one gather of x. The input gradient is a gather of dy for each phase (y mod stride_h, x mod stride_w) of the
input's pixels: those of one phase meet the same taps, and dy pixel by pixel.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import DOT_TAPS, PRODUCT_ROWS, PRODUCT_VECTORS

# A wide image this large leaves most of an L2 cache to the weights.
WIDE_BYTES = 256 * 1024
# Terms of a sum multiplied in one pass: their 2 vectors each (32 KiB if a vector has 64 bytes) stay in L1 for all output channels.
BLOCK_TERMS = 256
# Pixels that the weight gradient adds up in one pass: the lines of a tile, 4 + 6 of 4 KiB in float32, stay near L1.
BLOCK_PIXELS = 1024
# Tasks are cut smaller until there are this many, or until they would be too small.
ENOUGH_TASKS = 16


@dataclass(frozen=True)
class Window:
    """Stride, padding and dilation of both axes."""

    stride_h: int
    stride_w: int
    pad_h: int
    pad_w: int
    dilation_h: int
    dilation_w: int


@dataclass(frozen=True, eq=False)
class Gather:
    """The geometry of one gather.

    views holds each view's first source row and column, taps the kernel's places i * kernel_w + j, tap_view and tap_row where in
    the wide image each of them starts. One pixel further is step_h rows or step_w columns of the source. The result has height x
    width pixels; (y, x) belongs at base + y * row_step + x * col_step of a plane of the output.
    """

    views: NDArray[np.int64]
    taps: NDArray[np.int64]
    tap_view: NDArray[np.int64]
    tap_row: NDArray[np.int64]
    step_h: int
    step_w: int
    height: int
    width: int
    base: int
    row_step: int
    col_step: int

    @property
    def extra_rows(self) -> int:
        """Rows of a wide image beyond those of the result."""
        return int(self.tap_row.max(initial=0))


@lru_cache
def forward_gather(kernel_h: int, kernel_w: int, height: int, width: int, window: Window) -> Gather:
    """Return the gather that computes a result of height x width pixels from x."""
    tops, lefts = (np.arange(k) * d for k, d in ((kernel_h, window.dilation_h), (kernel_w, window.dilation_w)))
    phases, phase_of_row = np.unique(tops % window.stride_h, return_inverse=True)
    views = [(phase - window.pad_h, left - window.pad_w) for phase in phases for left in lefts]
    return Gather(
        views=np.array(views, np.int64).reshape(-1, 2),
        taps=np.arange(kernel_h * kernel_w),
        tap_view=(phase_of_row[:, None] * kernel_w + np.arange(kernel_w)).ravel(),
        tap_row=np.repeat(tops // window.stride_h, kernel_w),
        step_h=window.stride_h, step_w=window.stride_w, height=height, width=width,
        base=0, row_step=width, col_step=1,
    )  # fmt: skip


@lru_cache
def input_grad_gathers(kernel_h: int, kernel_w: int, height: int, width: int, window: Window) -> tuple[Gather, ...]:
    """Return the gathers that compute all of a gradient of height x width pixels from dy, one for each phase."""
    gathers = []
    for y in range(min(window.stride_h, height)):
        for x in range(min(window.stride_w, width)):
            rows, tops = _taps_of_phase(y + window.pad_h, kernel_h, window.dilation_h, window.stride_h)
            columns, lefts = _taps_of_phase(x + window.pad_w, kernel_w, window.dilation_w, window.stride_w)
            top = tops.min() if tops.size else 0
            gathers.append(
                Gather(
                    views=np.array([(top, left) for left in lefts], np.int64).reshape(-1, 2),
                    taps=(rows[:, None] * kernel_w + columns).ravel(),
                    tap_view=np.tile(np.arange(columns.size), rows.size),
                    tap_row=np.repeat(tops - top, columns.size),
                    step_h=1,
                    step_w=1,
                    height=len(range(y, height, window.stride_h)),
                    width=len(range(x, width, window.stride_w)),
                    base=y * width + x,
                    row_step=window.stride_h * width,
                    col_step=window.stride_w,
                )  # fmt: skip
            )
    return tuple(gathers)


def _taps_of_phase(
    position: int, kernel: int, dilation: int, stride: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the taps along an axis that reach a padded position of x, and which dy pixel each of them multiplies."""
    distance = position - np.arange(kernel) * dilation
    taps = np.flatnonzero(distance % stride == 0)
    return taps, distance[taps] // stride


@dataclass(frozen=True, eq=False)
class Blocks:
    """What is packed at once: some channels, for a band of rows of the result; and where each term starts in it."""

    channels: int
    band: int
    rows: int
    plane: int
    size: int
    offsets: NDArray[np.int64]


def _blocks(gather: Gather, channels: int, band: int, itemsize: int) -> Blocks:
    lanes = VECTOR_BYTES // itemsize
    rows = band + gather.extra_rows
    # An odd number of vectors, so that the planes do not all meet in the same sets of the cache.
    # A vector more than the rows take, for the last vector that is written may begin at the last pixel.
    plane = (ceil_div(rows * gather.width + lanes, lanes) // 2 * 2 + 1) * lanes
    views = len(gather.views)
    starts = gather.tap_view * plane + gather.tap_row * gather.width
    offsets = (np.arange(channels)[:, None] * views * plane + starts).ravel()
    spill = -offsets.size % DOT_TAPS
    size = channels * views * plane + PRODUCT_VECTORS * lanes
    return Blocks(channels, band, rows, plane, size, np.pad(offsets, (0, spill)))


def ceil_div(a: int, b: int) -> int:
    """Return a / b, rounded up."""
    return -(-a // b)


def divide(total: int, part: int) -> int:
    """Return the size of the parts, at least 1, when total is cut evenly into parts of at most this size."""
    return max(1, ceil_div(total, max(1, ceil_div(total, max(1, part)))))


def _band(gather: Gather, channels: int, itemsize: int) -> int:
    """Return how many rows of the result a wide image of WIDE_BYTES covers."""
    row_bytes = max(1, channels * len(gather.views) * gather.width * itemsize)
    return WIDE_BYTES // row_bytes - gather.extra_rows


@lru_cache
def product_blocks(gather: Gather, channels: int, itemsize: int) -> Blocks:
    """Return the blocks of weights * wide image."""
    count = max(1, round(channels * gather.taps.size / BLOCK_TERMS))
    block = divide(channels, ceil_div(channels, count))
    return _blocks(gather, block, divide(gather.height, _band(gather, block, itemsize)), itemsize)


@lru_cache
def dot_blocks(gather: Gather, channels: int, itemsize: int) -> Blocks:
    """Return the blocks of dy * wide image."""
    band = divide(gather.height, BLOCK_PIXELS // max(1, gather.width))
    row_bytes = max(1, len(gather.views) * gather.width * itemsize)
    block = WIDE_BYTES // ((band + gather.extra_rows) * row_bytes)
    return _blocks(gather, divide(channels, block), band, itemsize)
