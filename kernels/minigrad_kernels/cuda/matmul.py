"""Batched matrix product: out[b, m, n] = sum over k of a[b, m, k] b[b, k, n], in the tiles of `tile.py`.

Operands of any strides are read in place, by threads that follow each other along k where that is along memory. A
linear layer is the same product, whose second factor is the transpose of the weights, and which adds its bias as it
stores.
"""

import math

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel
from minigrad_kernels.cuda.language import device, uint32
from minigrad_kernels.cuda.product import Product, Sizes
from minigrad_kernels.cuda.strides import span
from minigrad_kernels.cuda.tile import ALONG_K, ALONG_ROWS, LARGE, SQUARE, Tile, no_entry, tiled_kernel, tiled_product


@device
def _order(k_stride):
    is_along_k = uint32(k_stride + uint32(1)) <= uint32(2)  # -1, 0 or 1
    return ALONG_K if is_along_k else ALONG_ROWS


@device
def _locate(words, batch):
    depth, (out_batch, columns), (a_start, a_batch, a_row, a_k), (b_start, b_batch, b_column, b_k), bias = words
    a = (uint32(a_start + batch * a_batch), a_row, a_k)
    b = (uint32(b_start + batch * b_batch), b_column, b_k)
    return depth, _order(a_k), _order(b_k), (a, b, (uint32(batch * out_batch), columns), bias)


@device
def _load_a(operands, where, row, k):
    first, row_stride, k_stride = where[0]
    return operands[0][uint32(first + row * row_stride + k * k_stride)]


@device
def _load_b(operands, where, column, k):
    first, column_stride, k_stride = where[1]
    return operands[1][uint32(first + column * column_stride + k * k_stride)]


@device
def _finish(operands, where, row, column, is_first, total):
    _, _, (first, columns), (bias_start, bias_step) = where
    bias = operands[2]
    if bias.size > 0 and is_first:
        total += bias[uint32(bias_start + column * bias_step)]
    return uint32(first + row * columns + column), True, total


def _kernel(tile: Tile) -> Kernel:
    product = tiled_product(tile, _locate, _load_a, _load_b, no_entry, _finish)

    # fmt: off
    @tiled_kernel(tile, 3, *["uint"] * 13)
    def _matmul(
        out, a, b, bias, rows, columns, chunk, chunks, least, depth, out_batch, out_columns,
        a_start, a_batch, a_row, a_k, b_start, b_batch, b_column, b_k, bias_start, bias_step,
    ):
        a_places, b_places = (a_start, a_batch, a_row, a_k), (b_start, b_batch, b_column, b_k)
        words = (depth, (out_batch, out_columns), a_places, b_places, (bias_start, bias_step))
        product(out, (a, b, bias), rows, columns, chunk, chunks, least, words)
    # fmt: on

    return _matmul


_PRODUCT = Product(_kernel, (SQUARE, LARGE))


def matmul(out_bmn: DeviceArray, a_bmk: DeviceArray, b_bkn: DeviceArray, scratch: DeviceArray) -> None:
    """Write the product of each pair of matrices, of any strides; without b the matrices are alone."""
    no_bias = DeviceArray(out_bmn.memory, (0,), out_bmn.dtype)
    _run(out_bmn, a_bmk, b_bkn, no_bias, -math.inf, scratch)


def matmul_scratch_bytes(out_bmn: DeviceArray, a_bmk: DeviceArray, b_bkn: DeviceArray) -> int:
    """Return the bytes of scratch that `matmul` needs for these arguments."""
    return _PRODUCT.scratch_bytes(out_bmn, _sizes(out_bmn, a_bmk))


def linear(
    out_no: DeviceArray, x_nk: DeviceArray, w_ok: DeviceArray, bias_o: DeviceArray, least: float, scratch: DeviceArray
) -> None:
    """Write the product of x with the rows of w, plus a bias, or least if that is more; an empty bias is none."""
    _run(out_no, x_nk, w_ok.permute((1, 0)), bias_o, least, scratch)


def linear_scratch_bytes(
    out_no: DeviceArray, x_nk: DeviceArray, w_ok: DeviceArray, bias_o: DeviceArray, least: float
) -> int:
    """Return the bytes of scratch that `linear` needs for these arguments."""
    return _PRODUCT.scratch_bytes(out_no, _sizes(out_no, x_nk))


def _sizes(out: DeviceArray, a: DeviceArray) -> Sizes:
    return Sizes(math.prod(out.shape[:-2]), out.shape[-2], out.shape[-1], a.shape[-1])


def _run(
    out: DeviceArray, a: DeviceArray, b: DeviceArray, bias: DeviceArray, least: float, scratch: DeviceArray
) -> None:
    sizes = _sizes(out, a)
    a_row, a_start, (a_batch, a_m, a_k) = span(a, 3)
    b_row, b_start, (b_batch, b_k, b_n) = span(b, 3)
    bias_row, bias_start, bias_steps = span(bias)
    strides = (a_start, a_batch, a_m, a_k, b_start, b_batch, b_n, b_k, bias_start, *bias_steps)
    words = (sizes.depth, sizes.rows * sizes.columns, sizes.columns, *strides)
    _PRODUCT.run(out, (a_row, b_row, bias_row), scratch, sizes, words, least)
