"""out[b, m, n] = sum_k a[b, m, k] * b[b, k, n], for any strides of a and b.

A task is a block of BLOCK_M x BLOCK_N results of one matrix of the batch: nobody else writes it. For each block of BLOCK_K terms
it packs a into panels [k][rows] and b into panels [k][columns], zeros beyond the last column, and multiplies panel by panel with
product_tile. Blocks are fixed numbers, so the sums are the same at any number of threads.

A panel of b (256 x 2 vectors, 32 KiB at 64 bytes each) stays in L1 while all panels of a pass by; the packed blocks of a and b
(140 and 512 KiB in float32) stay in L2. Tasks that share a block each pack it again, which costs less than waiting for another.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import helper, kernel
from minigrad_kernels.cpu.simd import VECTOR_BYTES, aligned, aligned_bytes, copy_lanes
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, PRODUCT_VECTORS, product_tile

BLOCK_K = 256
BLOCK_M = 140 // PRODUCT_ROWS * PRODUCT_ROWS
BLOCK_N = 512
# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50


@helper
def _pack_a(panel, a_mk, rows):
    """Pack a as [tile of rows][k][row]; the last tile may have fewer rows."""
    height, depth = a_mk.shape
    at = 0
    for first in range(0, height, rows):
        last = min(first + rows, height)
        for k in range(depth):
            for m in range(first, last):
                panel[at] = a_mk[m, k]
                at += 1


@helper
def _pack_b(panel, b_kn, columns):
    """Pack b as [tile of columns][k][column], with zeros after the last column."""
    depth, width = b_kn.shape
    lanes = VECTOR_BYTES // b_kn.itemsize
    at = 0
    for first in range(0, width, columns):
        for k in range(depth):
            if b_kn.strides[1] == b_kn.itemsize:
                row = b_kn[k]
                for j in range(first, first + columns, lanes):
                    copy_lanes(panel, at + j - first, row, j, 0, width - j, 1)
            else:
                for j in range(columns):
                    panel[at + j] = b_kn[k, first + j] if first + j < width else 0
            at += columns


@kernel("out T1", "strided T3", "strided T3", "out T1", "in int64_1", "int", "int")
def _matmul(begin, end, worker, out, a_bmk, b_bkn, work, offsets, size_a, size_b):
    _, height, depth = a_bmk.shape
    width = b_bkn.shape[2]
    columns = PRODUCT_VECTORS * VECTOR_BYTES // out.itemsize
    blocks_m, blocks_n = (height + BLOCK_M - 1) // BLOCK_M, (width + BLOCK_N - 1) // BLOCK_N
    # Besides its panels a thread has a tile for the last columns, and a zero for each of its rows in place of a bias.
    work = work[worker * (size_a + size_b + PRODUCT_ROWS * (columns + 1)) :]
    panel_a, panel_b = work[:size_a], work[size_a : size_a + size_b]
    spare, zeros = work[size_a + size_b :], work[size_a + size_b + PRODUCT_ROWS * columns :]
    zeros[:PRODUCT_ROWS] = 0
    for task in range(begin, end):
        batch = task // (blocks_m * blocks_n)
        m0, n0 = task // blocks_n % blocks_m * BLOCK_M, task % blocks_n * BLOCK_N
        m1, n1 = min(m0 + BLOCK_M, height), min(n0 + BLOCK_N, width)
        tiles = (m1 - m0 + PRODUCT_ROWS - 1) // PRODUCT_ROWS
        rows = (m1 - m0 + tiles - 1) // tiles
        for k0 in range(0, max(depth, 1), BLOCK_K):
            k1 = min(k0 + BLOCK_K, depth)
            _pack_a(panel_a, a_bmk[batch, m0:m1, k0:k1], rows)
            _pack_b(panel_b, b_bkn[batch, k0:k1, n0:n1], columns)
            for n in range(n0, n1, columns):
                for m in range(m0, m1, rows):
                    product_tile(
                        min(rows, m1 - m), min(columns, n1 - n), k1 - k0, panel_a, (m - m0) * (k1 - k0),
                        panel_b, (n - n0) * (k1 - k0), offsets,
                        out, (batch * height + m) * width + n, width, zeros, 0, k0 > 0, spare,
                    )  # fmt: skip


@cache
def _offsets(columns: int) -> NDArray[np.int64]:
    """Where the rows of a packed panel of b begin."""
    return np.arange(BLOCK_K, dtype=np.int64) * columns


def _sizes(a_bmk: NDArray[Any], b_bkn: NDArray[Any]) -> tuple[int, int, int]:
    """Return the columns of a panel of b, and the elements of the packed blocks of a and b."""
    _, height, depth = a_bmk.shape
    columns = PRODUCT_VECTORS * VECTOR_BYTES // a_bmk.itemsize
    width = -(-b_bkn.shape[2] // columns) * columns
    return columns, min(height, BLOCK_M) * min(depth, BLOCK_K), min(width, BLOCK_N) * min(depth, BLOCK_K)


def matmul_scratch_bytes(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any]) -> int:
    """Return the bytes of scratch that matmul takes for these arrays."""
    columns, size_a, size_b = _sizes(a_bmk, b_bkn)
    size = size_a + size_b + PRODUCT_ROWS * (columns + 1)
    return aligned_bytes(threads.get_num_threads() * size, out_bmn.itemsize)


def matmul(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any], scratch: NDArray[np.uint8]) -> None:
    """Write the matrix products of two batches of matrices.

    Parameters
    ----------
    out_bmn
        Contiguous, overwritten.
    a_bmk, b_bkn
        Any strides, zero and negative ones too.
    scratch
        At least `matmul_scratch_bytes` long.
    """
    batch, height, width = out_bmn.shape
    columns, size_a, size_b = _sizes(a_bmk, b_bkn)
    tasks = batch * -(-height // BLOCK_M) * -(-width // BLOCK_N)
    nanoseconds = out_bmn.size * a_bmk.shape[2] / SPEED
    threads.run(
        _matmul, tasks, nanoseconds, out_bmn.reshape(-1), a_bmk, b_bkn, aligned(scratch, out_bmn.dtype),
        _offsets(columns), size_a, size_b,
    )  # fmt: skip
