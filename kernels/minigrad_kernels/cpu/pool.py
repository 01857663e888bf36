"""Maximum and average pooling: windows of planes.

    out[n, c, p, q] = maximum or mean of x[n, c, p stride_h - pad_h + i dilation_h, q stride_w - pad_w + j dilation_w]

over the places (i, j) of a window that lie in the plane. Loops: planes (n, c), shared between threads, each of which
writes planes of its own; p; then q, a vector of windows at a time (pool_lanes); i; j.

The gradients add up over the windows of one plane in row-major order of (p, q), so that no two threads meet in a plane.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.pool_lanes import maximum_of_windows, mean_of_windows
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.sums import sum_of

# Rough time of a task's parts, in nanoseconds.
WINDOW_NANOSECONDS = 1.0
TAP_NANOSECONDS = 0.3
ADD_NANOSECONDS = 1.0

Indices = NDArray[np.int64]


def max_pool2d(
    out_nchw: NDArray[Any], indices_nchw: Indices, x_nchw: NDArray[Any],
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Take the first maximum of each window, a NaN before all else, and its index h W + w in the plane.

    A window that covers no input gives -inf and -1.
    """
    batch, channels, _, _ = x_nchw.shape
    work = out_nchw.size * (WINDOW_NANOSECONDS + TAP_NANOSECONDS * kernel_h * kernel_w)
    scalars = (kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    team.run(_max_pool2d, batch * channels, work, out_nchw, indices_nchw, x_nchw, *scalars)


def max_pool2d_input_grad(
    dx_nchw: NDArray[Any], dy_nohw: NDArray[Any], indices_nohw: Indices,
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Sum dy over the windows whose maximum came from an input; the saved indices say which these are."""
    work = dy_nohw.size * ADD_NANOSECONDS + dx_nchw.size * 0.1
    dx, dy, indices = _planes(dx_nchw), _planes(dy_nohw), _planes(indices_nohw)
    team.run(_max_pool2d_input_grad, len(dx), work, dx, dy, indices)


def max_pool2d_gather(out_nohw: NDArray[Any], x_nchw: NDArray[Any], indices_nohw: Indices) -> None:
    """Read x at the saved index, 0 for the index -1: the adjoint of max_pool2d_input_grad."""
    out, x, indices = _planes(out_nohw), _planes(x_nchw), _planes(indices_nohw)
    team.run(_max_pool2d_gather, len(out), out.size * ADD_NANOSECONDS, out, x, indices)


def avg_pool2d(
    out_nohw: NDArray[Any], x_nchw: NDArray[Any],
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    count_include_pad: bool,
) -> None:  # fmt: skip
    """Divide the sum of each window's inputs by its number of elements; 0 for a window that covers no input.

    The number counts inputs alone or, with count_include_pad, the padding too, but never what overhangs it.
    """
    work = out_nohw.size * (WINDOW_NANOSECONDS + TAP_NANOSECONDS * kernel_h * kernel_w)
    out, x = _planes(out_nohw), _planes(x_nchw)
    window = _window(x_nchw, out_nohw, kernel_h, kernel_w, pad_h, pad_w)
    team.run(_avg_pool2d, len(x), work, out, x, *window, stride_h, stride_w, pad_h, pad_w, count_include_pad)


def avg_pool2d_input_grad(
    dx_nchw: NDArray[Any], dy_nohw: NDArray[Any],
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    count_include_pad: bool,
) -> None:  # fmt: skip
    """Sum dy / number of elements over the windows that cover an input."""
    work = dy_nohw.size * kernel_h * kernel_w * ADD_NANOSECONDS
    dx, dy = _planes(dx_nchw), _planes(dy_nohw)
    window = _window(dx_nchw, dy_nohw, kernel_h, kernel_w, pad_h, pad_w)
    team.run(
        _avg_pool2d_input_grad, len(dx), work, dx, dy, *window, stride_h, stride_w, pad_h, pad_w, count_include_pad
    )


def _planes(array_nchw: NDArray[Any]) -> NDArray[Any]:
    batch, channels, height, width = array_nchw.shape
    return array_nchw.reshape(batch * channels, height * width)


def _window(
    x_nchw: NDArray[Any], out_nohw: NDArray[Any], kernel_h: int, kernel_w: int, pad_h: int, pad_w: int
) -> tuple[int, int, int, int, int, int]:
    """Sizes of plane, output and window; one window that is the whole plane is a single long row."""
    height, width = x_nchw.shape[2:]
    out_h, out_w = out_nohw.shape[2:]
    if out_h == out_w == 1 and pad_h == pad_w == 0 and kernel_h >= height and kernel_w >= width:
        return 1, height * width, 1, 1, 1, height * width
    return height, width, out_h, out_w, kernel_h, kernel_w


@helper
def _taps_inside(start, size, kernel_size, dilation):
    """First and last + 1 of the taps start + tap * dilation that lie in range(size)."""
    first = max(0, -(start // dilation))
    last = min(kernel_size, (size - start + dilation - 1) // dilation)
    return first, max(first, last)


@helper
def _counted(start, size, kernel_size, margin):
    """Places of a window along one axis by which a mean is divided: those from -margin to size + margin - 1."""
    return max(1, min(start + kernel_size, size + margin) - max(start, -margin))


@kernel("out T4", "out int64_4", "in T4", "int", "int", "int", "int", "int", "int", "int", "int")
def _max_pool2d(
    begin, end, worker, out_nchw, indices_nchw, x_nchw,
    kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w,
):  # fmt: skip
    height, width = x_nchw.shape[2:]
    out_h, out_w = out_nchw.shape[2:]
    lanes = VECTOR_BYTES // x_nchw.itemsize
    for plane in range(begin, end):
        for p in range(out_h):
            top = p * stride_h - pad_h
            first, last = _taps_inside(top, height, kernel_h, dilation_h)
            top += first * dilation_h
            for q in range(0, out_w, lanes):
                left = q * stride_w - pad_w
                maximum_of_windows(
                    out_nchw, indices_nchw, (plane * out_h + p) * out_w + q, top * width + left,
                    x_nchw, (plane * height + top) * width, dilation_h * width, last - first,
                    width, left, kernel_w, dilation_w, stride_w, min(lanes, out_w - q),
                )  # fmt: skip


@kernel("out T2", "in T2", "in int64_2")
def _max_pool2d_input_grad(begin, end, worker, dx, dy, indices):
    for plane in range(begin, end):
        dx[plane] = 0
        for window in range(dy.shape[1]):
            place = indices[plane, window]
            if place >= 0:
                dx[plane, place] += dy[plane, window]


@kernel("out T2", "in T2", "in int64_2")
def _max_pool2d_gather(begin, end, worker, out, x, indices):
    for plane in range(begin, end):
        for window in range(out.shape[1]):
            place = indices[plane, window]
            out[plane, window] = x[plane, place] if place >= 0 else 0


@kernel("out T2", "in T2", "int", "int", "int", "int", "int", "int", "int", "int", "int", "int", "int")
def _avg_pool2d(
    begin, end, worker, out, x, height, width, out_h, out_w,
    kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, count_include_pad,
):  # fmt: skip
    lanes = VECTOR_BYTES // x.itemsize
    margin_h, margin_w = (pad_h, pad_w) if count_include_pad else (0, 0)
    for plane in range(begin, end):
        for p in range(out_h):
            start = p * stride_h - pad_h
            counted_rows = _counted(start, height, kernel_h, margin_h)
            first, last = _taps_inside(start, height, kernel_h, 1)
            out_row = out[plane, p * out_w : (p + 1) * out_w]
            if kernel_w > out_w:  # few long windows: a vector holds neighbours of one window
                for q in range(out_w):
                    left = q * stride_w - pad_w
                    total = x.dtype.type(0)
                    for h in range(start + first, start + last):
                        total += sum_of(x[plane, h * width + max(left, 0) : h * width + min(left + kernel_w, width)])
                    out_row[q] = total / (counted_rows * _counted(left, width, kernel_w, margin_w))
            else:
                for q in range(0, out_w, lanes):
                    mean_of_windows(
                        out_row, q, counted_rows, margin_w,
                        x, (plane * height + start + first) * width, width, last - first,
                        width, q * stride_w - pad_w, kernel_w, 1, stride_w, min(lanes, out_w - q),
                    )  # fmt: skip


@helper
def _add_shares(dx_row, dy_row, counted_rows, kernel_w, stride_w, pad_w, margin_w):
    """Add to one row of x what each window of dy gives to an element of it."""
    width = len(dx_row)
    for q in range(len(dy_row)):
        left = q * stride_w - pad_w
        share = dy_row[q] / (counted_rows * _counted(left, width, kernel_w, margin_w))
        for w in range(max(left, 0), min(left + kernel_w, width)):
            dx_row[w] += share


@helper
def _add_shares_to_pairs(dx_row, dy_row, counted_rows):
    """Do the same for windows of two neighbours."""
    for q in range(len(dy_row)):
        share = dy_row[q] / (2 * counted_rows)
        dx_row[2 * q] += share
        dx_row[2 * q + 1] += share


@kernel("out T2", "in T2", "int", "int", "int", "int", "int", "int", "int", "int", "int", "int", "int")
def _avg_pool2d_input_grad(
    begin, end, worker, dx, dy, height, width, out_h, out_w,
    kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, count_include_pad,
):  # fmt: skip
    margin_h, margin_w = (pad_h, pad_w) if count_include_pad else (0, 0)
    in_pairs = kernel_w == 2 and stride_w == 2 and pad_w == 0 and 2 * out_w <= width
    for plane in range(begin, end):
        dx[plane] = 0
        for p in range(out_h):
            top = p * stride_h - pad_h
            counted_rows = _counted(top, height, kernel_h, margin_h)
            dy_row = dy[plane, p * out_w : (p + 1) * out_w]
            for h in range(max(top, 0), min(top + kernel_h, height)):
                dx_row = dx[plane, h * width : (h + 1) * width]
                if in_pairs:
                    _add_shares_to_pairs(dx_row, dy_row, counted_rows)
                else:
                    _add_shares(dx_row, dy_row, counted_rows, kernel_w, stride_w, pad_w, margin_w)
