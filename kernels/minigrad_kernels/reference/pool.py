"""Maximum and average pooling over windows, and their gradients. Source: PyTorch, MaxPool2d and AvgPool2d."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from minigrad_kernels.reference.windows import covered, window_starts


@np.errstate(all="ignore")
def max_pool2d(
    out_nchw: np.ndarray,
    indices_nchw: np.ndarray,
    x_nchw: np.ndarray,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
) -> None:
    """Take the first maximum of each window, a NaN before all else, and its index h W + w.

    A window that covers no input gives -inf and -1.
    """
    _, _, height, width = x_nchw.shape
    _, _, out_h, out_w = out_nchw.shape
    rows_of = _covered_by_windows(height, out_h, kernel_h, stride_h, pad_h, dilation_h)
    columns_of = _covered_by_windows(width, out_w, kernel_w, stride_w, pad_w, dilation_w)
    for n, c, p, q in np.ndindex(out_nchw.shape):
        largest, index = -np.inf, -1
        for h, w in product(rows_of[p], columns_of[q]):
            value = x_nchw[n, c, h, w]
            if index == -1 or value > largest or (np.isnan(value) and not np.isnan(largest)):
                largest, index = value, h * width + w
        out_nchw[n, c, p, q] = largest
        indices_nchw[n, c, p, q] = index


@np.errstate(all="ignore")
def max_pool2d_input_grad(
    dx_nchw: np.ndarray,
    dy_nohw: np.ndarray,
    indices_nohw: np.ndarray,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
) -> None:
    """Sum dy over the windows whose maximum came from an input."""
    total = np.zeros(dx_nchw.shape)
    for n, c, p, q in np.ndindex(dy_nohw.shape):
        index = int(indices_nohw[n, c, p, q])
        if index >= 0:
            h, w = divmod(index, dx_nchw.shape[3])
            total[n, c, h, w] += dy_nohw[n, c, p, q]
    dx_nchw[...] = total


def max_pool2d_gather(out_nohw: np.ndarray, x_nchw: np.ndarray, indices_nohw: np.ndarray) -> None:
    """Read x at the saved index, 0 for the index -1: the adjoint of max_pool2d_input_grad."""
    for n, c, p, q in np.ndindex(out_nohw.shape):
        index = int(indices_nohw[n, c, p, q])
        out_nohw[n, c, p, q] = 0
        if index >= 0:
            h, w = divmod(index, x_nchw.shape[3])
            out_nohw[n, c, p, q] = x_nchw[n, c, h, w]


@np.errstate(all="ignore")
def avg_pool2d(
    out_nohw: np.ndarray,
    x_nchw: np.ndarray,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    count_include_pad: bool,
) -> None:
    """Divide the sum of each window's inputs by its number of elements; 0 for a window that covers no input.

    The number counts inputs alone or, with count_include_pad, the padding too, but never what overhangs it.
    """
    total = np.zeros(out_nohw.shape)
    scalars = (kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, count_include_pad)
    for x_place, y_place, divisor in _averaged(x_nchw.shape, out_nohw.shape, *scalars):
        total[y_place] += np.float64(x_nchw[x_place]) / divisor
    out_nohw[...] = total


@np.errstate(all="ignore")
def avg_pool2d_input_grad(
    dx_nchw: np.ndarray,
    dy_nohw: np.ndarray,
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    count_include_pad: bool,
) -> None:
    """Sum dy / number of elements over the windows that cover an input."""
    total = np.zeros(dx_nchw.shape)
    scalars = (kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, count_include_pad)
    for x_place, y_place, divisor in _averaged(dx_nchw.shape, dy_nohw.shape, *scalars):
        total[x_place] += np.float64(dy_nohw[y_place]) / divisor
    dx_nchw[...] = total


def _covered_by_windows(
    size: int, windows: int, kernel: int, stride: int, padding: int, dilation: int
) -> list[list[int]]:
    """Input positions along one axis that each of the first `windows` windows covers.

    The output says by its length whether it was made with ceil_mode: its windows begin with those made without.
    """
    starts = window_starts(size, kernel, stride, padding, dilation, ceil_mode=True)
    return [[position for _, position in covered(start, kernel, dilation, size)] for start in starts[:windows]]


def _averaged(
    x_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    kernel_h: int,
    kernel_w: int,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    count_include_pad: bool,
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], int]]:
    """Yield (place in x, place in out, divisor) for every input of every window."""
    _, _, height, width = x_shape
    batch, channels, out_h, out_w = out_shape
    rows_of = _covered_by_windows(height, out_h, kernel_h, stride_h, pad_h, 1)
    columns_of = _covered_by_windows(width, out_w, kernel_w, stride_w, pad_w, 1)
    # The same windows on an axis that takes in its padding count the padding as if it were input.
    padded_rows_of = _covered_by_windows(height + 2 * pad_h, out_h, kernel_h, stride_h, 0, 1)
    padded_columns_of = _covered_by_windows(width + 2 * pad_w, out_w, kernel_w, stride_w, 0, 1)
    counted_rows, counted_columns = (padded_rows_of, padded_columns_of) if count_include_pad else (rows_of, columns_of)
    for n, c, p, q in product(range(batch), range(channels), range(out_h), range(out_w)):
        divisor = len(counted_rows[p]) * len(counted_columns[q])
        for h, w in product(rows_of[p], columns_of[q]):
            yield (n, c, h, w), (n, c, p, q), divisor
