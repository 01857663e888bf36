"""The windows of images side by side, and their sum back into images: each is the other's adjoint."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from minigrad_kernels.reference.windows import covered, window_starts

Place = tuple[int, ...]


def unfold(
    out_nckkpq: np.ndarray,
    x_nchw: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
) -> None:
    """Copy to each tap of each window the input that it falls on, 0 where that is padding."""
    out_nckkpq[...] = 0
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    for image, tap in _taps(x_nchw.shape, out_nckkpq.shape, *geometry):
        out_nckkpq[tap] = x_nchw[image]


@np.errstate(all="ignore")
def fold(
    out_nchw: np.ndarray,
    x_nckkpq: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
) -> None:
    """Sum over the taps that fall on a place; those that fall on padding are lost."""
    total = np.zeros(out_nchw.shape)
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    for image, tap in _taps(total.shape, x_nckkpq.shape, *geometry):
        total[image] += x_nckkpq[tap]
    out_nchw[...] = total


def _taps(
    image_shape: Place,
    columns_shape: Place,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
) -> Iterator[tuple[Place, Place]]:
    """Yield (place in the image, place in the columns) of every tap of every window that lies on the image."""
    batch, channels, height, width = image_shape
    kernel_h, kernel_w = columns_shape[2:4]
    tops = window_starts(height, kernel_h, stride_h, pad_h, dilation_h)
    lefts = window_starts(width, kernel_w, stride_w, pad_w, dilation_w)
    for (p, top), (q, left) in product(enumerate(tops), enumerate(lefts)):
        rows = covered(top, kernel_h, dilation_h, height)
        columns = covered(left, kernel_w, dilation_w, width)
        for (i, h), (j, w) in product(rows, columns):
            for n, c in product(range(batch), range(channels)):
                yield (n, c, h, w), (n, c, i, j, p, q)
