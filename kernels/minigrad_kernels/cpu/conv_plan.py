"""How a convolution is cut into tasks and blocks: plain integers, computed once for each shape.

A gather is result[o, p] = sum_{c, t} weight[o, c, t] * wide[c][view of t][row of t][p] over the pixels p of a band of
rows; c counts the source's channels and t the taps, places (i, j) of the kernel. The forward convolution is a gather of
x. The input gradient is one of dy for each phase (h mod stride_h, w mod stride_w) of the input's pixels: those of one
phase meet the same taps, and dy pixel by pixel.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.cutting import ceil_div, divide
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import DOT_TAPS, PRODUCT_VECTORS

# What a task of weights * wide image reads and writes again and again, its wide image and its result: half an L2 cache.
BAND_BYTES = 512 * 1024
# The wide images that the weight gradient packs at once.
WIDE_BYTES = 256 * 1024
# Terms of a sum multiplied in one pass: 2 vectors each, 32 KiB at 64 bytes, stay in L1 for all output channels.
BLOCK_TERMS = 256
# Pixels that the weight gradient adds up in one pass: the lines of a tile, 4 + 6 of 4 KiB in float32, stay near L1.
BLOCK_PIXELS = 1024
# Channels that the weight gradient packs at least, for the sake of more tasks.
SMALL_BLOCK = 16
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
    """The geometry of a gather.

    views holds each view's first source row and column. taps are the kernel's places i * kernel_w + j, phase by
    phase; tap_view and tap_row say where in the wide image each of them starts. A phase is (its first tap, its number
    of taps, row and column of its first pixel); its pixels lie out_step_h rows and out_step_w columns apart, and meet
    source pixels that lie step_h and step_w apart. height x width is the size of the largest phase.
    """

    views: NDArray[np.int64]
    taps: NDArray[np.int64]
    tap_view: NDArray[np.int64]
    tap_row: NDArray[np.int64]
    phases: NDArray[np.int64]
    height: int
    width: int
    step_h: int = 1
    step_w: int = 1
    out_step_h: int = 1
    out_step_w: int = 1

    @property
    def extra_rows(self) -> int:
        """Rows of a wide image beyond those of the result."""
        return int(self.tap_row.max(initial=0))

    @property
    def phase_taps(self) -> int:
        """Taps of the phase that has the most."""
        return int(self.phases[:, 1].max(initial=0))


@lru_cache
def forward_gather(kernel_h: int, kernel_w: int, height: int, width: int, window: Window) -> Gather:
    """Return the gather that computes a result of height x width pixels from x."""
    tops, lefts = (np.arange(k) * d for k, d in ((kernel_h, window.dilation_h), (kernel_w, window.dilation_w)))
    first_rows, first_row_of_top = np.unique(tops % window.stride_h, return_inverse=True)
    return Gather(
        views=_pairs(first_rows - window.pad_h, lefts - window.pad_w),
        taps=np.arange(kernel_h * kernel_w),
        tap_view=np.add.outer(first_row_of_top * kernel_w, np.arange(kernel_w)).ravel(),
        tap_row=np.repeat(tops // window.stride_h, kernel_w),
        phases=np.array([[0, kernel_h * kernel_w, 0, 0]]),
        height=height,
        width=width,
        step_h=window.stride_h,
        step_w=window.stride_w,
    )


@lru_cache
def input_grad_gather(kernel_h: int, kernel_w: int, height: int, width: int, window: Window) -> Gather:
    """Return the gather that computes a gradient of height x width pixels from dy."""
    rows = _axis_phases(kernel_h, height, window.stride_h, window.pad_h, window.dilation_h)
    columns = _axis_phases(kernel_w, width, window.stride_w, window.pad_w, window.dilation_w)
    top = min((int(tops.min()) for _, tops in rows if tops.size), default=0)
    lefts = np.unique(np.concatenate([lefts for _, lefts in columns]))
    phases: list[tuple[int, int, int, int]] = []
    taps: list[NDArray[np.int64]] = []
    tap_view, tap_row = [], []
    for y, (taps_h, tops) in enumerate(rows):
        for x, (taps_w, own_lefts) in enumerate(columns):
            phases.append((sum(part.size for part in taps), taps_h.size * taps_w.size, y, x))
            taps.append(np.add.outer(taps_h * kernel_w, taps_w).ravel())
            tap_view.append(np.tile(np.searchsorted(lefts, own_lefts), taps_h.size))
            tap_row.append(np.repeat(tops - top, taps_w.size))
    return Gather(
        views=_pairs(np.array([top]), lefts),
        taps=np.concatenate(taps),
        tap_view=np.concatenate(tap_view),
        tap_row=np.concatenate(tap_row),
        phases=np.array(phases),
        height=ceil_div(height, window.stride_h),
        width=ceil_div(width, window.stride_w),
        out_step_h=window.stride_h,
        out_step_w=window.stride_w,
    )


def _axis_phases(
    kernel: int, size: int, stride: int, pad: int, dilation: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return, for each phase of an axis, its taps and the dy pixel that each meets at the phase's first pixel."""
    phases = []
    for first in range(max(1, min(stride, size))):
        distance = first + pad - np.arange(kernel) * dilation
        taps = np.flatnonzero(distance % stride == 0)
        phases.append((taps, distance[taps] // stride))
    return phases


def _pairs(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all pairs of a row and a column, as an array of shape (pairs, 2)."""
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


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
    # A vector more than the rows take, for the last one that is written may begin at the last pixel; and an odd number
    # of vectors, so that the planes do not all meet in the same sets of the cache.
    plane = (ceil_div(rows * gather.width + lanes, lanes) // 2 * 2 + 1) * lanes
    views = len(gather.views)
    starts = gather.tap_view * plane + gather.tap_row * gather.width
    by_phase = [
        np.add.outer(np.arange(channels) * views * plane, starts[first : first + count]).ravel()
        for first, count in gather.phases[:, :2]
    ]
    offsets = np.concatenate([*by_phase, np.zeros(DOT_TAPS, np.int64)])
    return Blocks(channels, band, rows, plane, channels * views * plane + PRODUCT_VECTORS * lanes, offsets)


@lru_cache
def product_blocks(gather: Gather, channels: int, outputs: int, itemsize: int) -> Blocks:
    """Return the blocks of weights * wide image: as many rows as let wide image and result fit BAND_BYTES."""
    count = max(1, round(channels * gather.phase_taps / BLOCK_TERMS))
    block = divide(channels, ceil_div(channels, count))
    row_bytes = max(1, (block * len(gather.views) + outputs * len(gather.phases)) * gather.width * itemsize)
    limit = min(max(1, BAND_BYTES // row_bytes), max(1, gather.height))
    lanes = VECTOR_BYTES // itemsize

    def vectors(band: int) -> int:
        whole, rest = divmod(gather.height, band)
        return whole * ceil_div(band * gather.width, lanes) + ceil_div(rest * gather.width, lanes)

    band = min(range(limit, limit // 2, -1), key=vectors)
    return _blocks(gather, block, band, itemsize)


@lru_cache
def dot_blocks(gather: Gather, channels: int, groups: int, itemsize: int) -> Blocks:
    """Return the blocks of dy * wide image: as many channels as fit WIDE_BYTES and leave ENOUGH_TASKS."""
    band = divide(gather.height, BLOCK_PIXELS // max(1, gather.width))
    channel_bytes = max(1, (band + gather.extra_rows) * len(gather.views) * gather.width * itemsize)
    block = min(WIDE_BYTES // channel_bytes, max(SMALL_BLOCK, ceil_div(channels * groups, ENOUGH_TASKS)))
    return _blocks(gather, divide(channels, block), band, itemsize)
