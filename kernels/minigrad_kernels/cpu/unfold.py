"""The windows of images side by side, and their sum back into images, as NumPy copies of strided slices.

    unfold   out[n, c, i, j, p, q] = x[n, c, h, w],  0 where that is padding
    fold     out[n, c, h, w] = sum over i, j, p, q of x[n, c, i, j, p, q]

    where h = p stride_h - pad_h + i dilation_h, w = q stride_w - pad_w + j dilation_w

One tap (i, j) of all windows is one slice of the image; the sum takes taps in row-major order. Convolution does not
come this way: what does, unshared weights, spends its time in reading those.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.quiet import quiet

Slices = tuple[slice, slice]


def unfold(
    out_nckkpq: NDArray[Any], x_nchw: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Copy to each tap of each window the input that it falls on, 0 where that is padding."""
    out_nckkpq[...] = 0
    axes = (stride_h, pad_h, dilation_h), (stride_w, pad_w, dilation_w)
    for i, j, windows, places in _taps(out_nckkpq.shape, x_nchw.shape, *axes):
        out_nckkpq[:, :, i, j, *windows] = x_nchw[:, :, *places]


def fold(
    out_nchw: NDArray[Any], x_nckkpq: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Sum over the taps that fall on a place; those that fall on padding are lost."""
    out_nchw[...] = 0
    axes = (stride_h, pad_h, dilation_h), (stride_w, pad_w, dilation_w)
    for i, j, windows, places in _taps(x_nckkpq.shape, out_nchw.shape, *axes):
        target = out_nchw[:, :, *places]
        quiet(np.add, target, x_nckkpq[:, :, i, j, *windows], target)


def _taps(
    columns: tuple[int, ...], image: tuple[int, ...], vertical: tuple[int, int, int], horizontal: tuple[int, int, int]
) -> Iterator[tuple[int, int, Slices, Slices]]:
    """Yield (i, j, slices of windows, slices of the image) for each tap: its windows, and the places they fall on."""
    for i, j in product(*map(range, columns[2:4])):
        windows_h, places_h = _on_image(i, columns[4], image[2], *vertical)
        windows_w, places_w = _on_image(j, columns[5], image[3], *horizontal)
        yield i, j, (windows_h, windows_w), (places_h, places_w)


def _on_image(tap: int, windows: int, size: int, stride: int, pad: int, dilation: int) -> tuple[slice, slice]:
    """Along one axis, the windows whose tap falls on the image, and where it falls."""
    offset = tap * dilation - pad
    first = max(0, -(offset // stride))
    last = max(first, min(windows, (size - 1 - offset) // stride + 1))
    start = first * stride + offset
    return slice(first, last), slice(start, start + (last - first) * stride, stride)
