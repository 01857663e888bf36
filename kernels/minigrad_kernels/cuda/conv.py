"""Convolution and its gradients as products of matrices, in the tiles of `tile.py`, that read images in place.

Element x[n, c, h, w] meets weight w[o, c', i, j] in output y[n, o, p, q] where c is channel c' of the group of o, and
h = p stride - pad + i dilation (w likewise). With a pixel for (n, p, q) and a tap for (c', i, j), in each group

    y[o, pixel] = sum over taps of w[o, tap] x[pixel, tap]
    dw[o, tap] = sum over pixels of dy[o, pixel] x[pixel, tap]
    dx[c', (n, h, w)] = sum over (o, i, j) of w[o, c', i, j] dy[n, o, p, q]

where x is 0 on padding. The last one is in `conv_input_grad.py`.
"""

import math
from collections.abc import Callable
from typing import Any

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel
from minigrad_kernels.cuda.conv_input_grad import INPUT_GRAD, input_grad, sizes_of
from minigrad_kernels.cuda.language import device, uint32
from minigrad_kernels.cuda.product import Product, Sizes
from minigrad_kernels.cuda.tile import (
    ALONG_K,
    ALONG_ROWS,
    FLAT,
    SQUARE,
    Tile,
    no_entry,
    reciprocal,
    split,
    tiled_kernel,
    tiled_product,
)


@device
def _load_image(operands, where, pixel, tap):
    x, (shape, window, by, group) = operands[1], where
    groups, channels, height, width, _, windows_h, windows_w = shape
    kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w = window
    n, p, q = split(pixel, windows_h, windows_w, by[0], by[1])
    c, i, j = split(tap, kernel_h, kernel_w, by[2], by[3])
    h = uint32(uint32(p * stride_h - pad_h) + i * dilation_h)
    w = uint32(uint32(q * stride_w - pad_w) + j * dilation_w)
    first = uint32((n * groups + group) * channels * height * width)
    return x[uint32(first + (c * height + h) * width + w)] if h < height and w < width else x.dtype.type(0)


@device
def _place_in_y(where, pixel):
    """Return where the pixel lies in the first plane of the group, and the size of a plane."""
    (groups, _, _, _, outputs, windows_h, windows_w), _, by, group = where
    n, p, q = split(pixel, windows_h, windows_w, by[0], by[1])
    plane = uint32(windows_h * windows_w)
    return uint32((n * groups + group) * outputs * plane + p * windows_w + q), plane


@device
def _place_in_w(where, row):
    """Return where the taps of an output of the group begin."""
    (_, channels, _, _, outputs, _, _), window, _, group = where
    return uint32((group * outputs + row) * channels * window[0] * window[1])


@device
def _locate(words, group):
    shape, window, by, _ = words
    return uint32(shape[1] * window[0] * window[1]), ALONG_K, ALONG_ROWS, (shape, window, by, group)


@device
def _load_weight(operands, where, row, tap):
    return operands[0][uint32(_place_in_w(where, row) + tap)]


@device
def _finish_output(operands, where, row, place, is_first, total):
    (_, _, _, _, outputs, _, _), _, _, group = where
    first, plane = place
    bias = operands[2]
    if bias.size > 0 and is_first:
        total += bias[uint32(group * outputs + row)]
    return uint32(first + row * plane), True, total


@device
def _locate_pixels(words, group):
    shape, window, by, pixels = words
    return pixels, ALONG_K, ALONG_K, (shape, window, by, group)


@device
def _load_dy(operands, where, row, pixel):
    first, plane = _place_in_y(where, pixel)
    return operands[0][uint32(first + row * plane)]


@device
def _load_image_of_tap(operands, where, tap, pixel):
    return _load_image(operands, where, pixel, tap)


@device
def _finish_weight(operands, where, row, tap, is_first, total):
    return uint32(_place_in_w(where, row) + tap), True, total


_GEOMETRY = (*["uint"] * 15, *["uint64"] * 4, "uint")


def _kernel(name: str, *parts: Any) -> Callable[[Tile], Kernel]:
    """What makes the kernel of a product, of those that know where elements lie."""

    def make(tile: Tile) -> Kernel:
        product = tiled_product(tile, *parts)

        # fmt: off
        def run(
            out, a, x, bias, rows, columns, chunk, chunks, least,
            groups, channels, height, width, outputs, windows_h, windows_w,
            kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w,
            by_windows_h, by_windows_w, by_kernel_h, by_kernel_w, pixels,
        ):
            shape = (groups, channels, height, width, outputs, windows_h, windows_w)
            window = (kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
            by = (by_windows_h, by_windows_w, by_kernel_h, by_kernel_w)
            product(out, (a, x, bias), rows, columns, chunk, chunks, least, (shape, window, by, pixels))
        # fmt: on

        run.__name__ = name
        return tiled_kernel(tile, 3, *_GEOMETRY)(run)

    return make


_OUTPUT = _kernel("_conv2d", _locate, _load_weight, _load_image, _place_in_y, _finish_output)
_WEIGHT = _kernel("_weight_grad", _locate_pixels, _load_dy, _load_image_of_tap, no_entry, _finish_weight)
_CONV2D, _WEIGHT_GRAD = Product(_OUTPUT, (SQUARE, FLAT)), Product(_WEIGHT, (SQUARE, FLAT))


def _output_sizes(y_nohw: DeviceArray, w_ockk: DeviceArray, groups: int) -> Sizes:
    batch, outputs, height, width = y_nohw.shape
    return Sizes(groups, outputs // groups, batch * height * width, math.prod(w_ockk.shape[1:]))


def _weight_sizes(w_ockk: DeviceArray, y_nohw: DeviceArray, groups: int) -> Sizes:
    batches, rows, pixels, taps = _output_sizes(y_nohw, w_ockk, groups)
    return Sizes(batches, rows, taps, pixels)


def _words(x: DeviceArray, w: DeviceArray, y: DeviceArray, *scalars: int) -> tuple[int, ...]:
    *window, groups = scalars
    shape = (groups, w.shape[1], *x.shape[2:], w.shape[0] // groups, *y.shape[2:])
    pixels = y.size // max(y.shape[1], 1)
    return (*shape, *w.shape[2:], *window, *map(reciprocal, y.shape[2:] + w.shape[2:]), pixels)


def conv2d(
    out_nohw: DeviceArray,
    x_nchw: DeviceArray,
    w_ockk: DeviceArray,
    bias_o: DeviceArray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    least: float,
    scratch: DeviceArray,
) -> None:
    """Sum x w over channels and window, and add the bias: a cross-correlation. Source: PyTorch, Conv2d.

    Results below `least` become `least`.
    """
    words = _words(x_nchw, w_ockk, out_nohw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups)
    operands = (w_ockk.reshape(-1), x_nchw.reshape(-1), bias_o)
    _CONV2D.run(out_nohw, operands, scratch, _output_sizes(out_nohw, w_ockk, groups), words, least)


def conv2d_scratch_bytes(
    out_nohw: DeviceArray,
    x_nchw: DeviceArray,
    w_ockk: DeviceArray,
    bias_o: DeviceArray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    least: float,
) -> int:
    """Return the bytes of scratch that `conv2d` needs for these arguments."""
    return _CONV2D.scratch_bytes(out_nohw, _output_sizes(out_nohw, w_ockk, groups))


def conv2d_input_grad(
    dx_nchw: DeviceArray,
    dy_nohw: DeviceArray,
    w_ockk: DeviceArray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    scratch: DeviceArray,
) -> None:
    """Sum dy w over the windows that cover an input; 0 where none does."""
    window = (stride_h, stride_w), (pad_h, pad_w), (dilation_h, dilation_w)
    input_grad(dx_nchw, dy_nohw, w_ockk, window, groups, scratch)


def conv2d_input_grad_scratch_bytes(
    dx_nchw: DeviceArray,
    dy_nohw: DeviceArray,
    w_ockk: DeviceArray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
) -> int:
    """Return the bytes of scratch that `conv2d_input_grad` needs for these arguments."""
    sizes = sizes_of(dx_nchw, w_ockk, (stride_h, stride_w), (dilation_h, dilation_w), groups)
    return INPUT_GRAD.scratch_bytes(dx_nchw, sizes)


def conv2d_weight_grad(
    dw_ockk: DeviceArray,
    x_nchw: DeviceArray,
    dy_nohw: DeviceArray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    scratch: DeviceArray,
) -> None:
    """Sum x dy over batch and windows."""
    words = _words(x_nchw, dw_ockk, dy_nohw, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups)
    operands = (dy_nohw.reshape(-1), x_nchw.reshape(-1), DeviceArray(dw_ockk.memory, (0,), dw_ockk.dtype))
    _WEIGHT_GRAD.run(dw_ockk, operands, scratch, _weight_sizes(dw_ockk, dy_nohw, groups), words)


def conv2d_weight_grad_scratch_bytes(
    dw_ockk: DeviceArray,
    x_nchw: DeviceArray,
    dy_nohw: DeviceArray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
) -> int:
    """Return the bytes of scratch that `conv2d_weight_grad` needs for these arguments."""
    return _WEIGHT_GRAD.scratch_bytes(dw_ockk, _weight_sizes(dw_ockk, dy_nohw, groups))
