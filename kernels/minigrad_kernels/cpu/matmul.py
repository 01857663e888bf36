"""out[b, m, n] = sum_k a[b, m, k] * b[b, k, n], for any strides of a and b.

First all of b is packed into panels [k][column], 2 vectors wide, with zeros beyond the last column. Then a task is a
block of rows x BLOCK_N columns of one matrix of the batch: nobody else writes it. For each block of BLOCK_K terms it
packs its rows of a into panels [k][row], and multiplies panel by panel with product_tile. Blocks go by shape alone, so
the sums are the same at any number of threads.

A block of a panel of b (256 x 2 vectors, 32 KiB at 64 bytes each) stays in L1 while the packed rows of a (132 KiB in
float32) pass by from L2.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import helper, kernel
from minigrad_kernels.cpu.simd import VECTOR_BYTES, aligned, aligned_bytes, copy_lanes
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, PRODUCT_VECTORS, product_tile

BLOCK_K = 256
BLOCK_M = 132
BLOCK_N = 512
# Rows are cut into blocks until there are this many tasks, unless a block would have fewer than SMALL_M rows.
ENOUGH_TASKS = 8
SMALL_M = 2 * PRODUCT_ROWS
# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50
# A tile for the last columns, and a row of zeros in place of a bias.
SPARE_ROWS = PRODUCT_ROWS + 1


@kernel("out T1", "strided T3")
def _pack_b(begin, end, worker, panels, b_bkn):
    """Pack the panels begin to end - 1 of b, in the order [batch][tile of columns][k][column]."""
    _, depth, width = b_bkn.shape
    lanes = VECTOR_BYTES // panels.itemsize
    columns = PRODUCT_VECTORS * lanes
    tiles = (width + columns - 1) // columns
    for task in range(begin, end):
        b_kn, n0 = b_bkn[task // tiles], task % tiles * columns
        count = min(columns, width - n0)
        panel = panels[task * depth * columns :]
        if b_kn.strides[1] == b_kn.itemsize:
            for k in range(depth):
                for j in range(0, columns, lanes):
                    copy_lanes(panel, k * columns + j, b_kn[k], n0 + j, 0, count - j, 1)
        else:  # along k, for in a transposed matrix that is the contiguous axis
            for j in range(count):
                for k in range(depth):
                    panel[k * columns + j] = b_kn[k, n0 + j]
            for j in range(count, columns):
                for k in range(depth):
                    panel[k * columns + j] = 0


@helper
def _pack_a(panel, a_mk, rows):
    """Pack a as [tile of rows][k][row]; the last tile may have fewer rows."""
    height, depth = a_mk.shape
    for first in range(0, height, rows):
        count = min(rows, height - first)
        at = first * depth
        if a_mk.strides[0] == a_mk.itemsize:
            for k in range(depth):
                for r in range(count):
                    panel[at + k * count + r] = a_mk[first + r, k]
        else:
            for r in range(count):
                for k in range(depth):
                    panel[at + k * count + r] = a_mk[first + r, k]


@kernel("out T3", "strided T3", "in T1", "out T2", "in int64_1", "int", "int")
def _multiply(begin, end, worker, out_bmn, a_bmk, panels, work, offsets, block, rows):
    _, height, width = out_bmn.shape
    depth, out = a_bmk.shape[2], out_bmn.reshape(-1)
    columns = PRODUCT_VECTORS * VECTOR_BYTES // out.itemsize
    blocks_m, blocks_n = (height + block - 1) // block, (width + BLOCK_N - 1) // BLOCK_N
    tiles = (width + columns - 1) // columns
    spare, zeros, panel_a = work[worker], work[worker, PRODUCT_ROWS * columns :], work[worker, SPARE_ROWS * columns :]
    zeros[:PRODUCT_ROWS] = 0
    for task in range(begin, end):
        batch = task // (blocks_m * blocks_n)
        m0, n0 = task // blocks_n % blocks_m * block, task % blocks_n * BLOCK_N
        m1, n1 = min(m0 + block, height), min(n0 + BLOCK_N, width)
        for k0 in range(0, max(depth, 1), BLOCK_K):
            k1 = min(k0 + BLOCK_K, depth)
            _pack_a(panel_a, a_bmk[batch, m0:m1, k0:k1], rows)
            for n in range(n0, n1, columns):
                panel_at = ((batch * tiles + n // columns) * depth + k0) * columns
                for m in range(m0, m1, rows):
                    product_tile(
                        min(rows, m1 - m), min(columns, n1 - n), k1 - k0, panel_a, (m - m0) * (k1 - k0),
                        panels, panel_at, offsets,
                        out, (batch * height + m) * width + n, width, zeros, 0, k0 > 0, spare,
                    )  # fmt: skip


def _ceil_div(a: int, b: int) -> int:
    return -(-a // b)


@cache
def _offsets(columns: int) -> NDArray[np.int64]:
    """Where the terms of a packed panel of b begin."""
    return np.arange(BLOCK_K, dtype=np.int64) * columns


class _Plan(NamedTuple):
    """How a product is cut: rows of a task and of a tile, columns of a panel, elements of scratch."""

    block: int
    tile: int
    columns: int
    panels: int
    work: int


@cache
def _plan(batch: int, height: int, depth: int, width: int, itemsize: int) -> _Plan:
    columns = PRODUCT_VECTORS * VECTOR_BYTES // itemsize
    rows_of_blocks = _ceil_div(ENOUGH_TASKS, max(1, batch * _ceil_div(width, BLOCK_N)))
    block = min(BLOCK_M, max(SMALL_M, _ceil_div(height, rows_of_blocks)))
    tile = min(_ceil_div(block, _ceil_div(block, PRODUCT_ROWS)), max(1, height))
    block = min(block, max(1, height))
    panels = batch * _ceil_div(width, columns) * columns * depth
    return _Plan(block, tile, columns, panels, SPARE_ROWS * columns + block * min(depth, BLOCK_K))


def _plan_of(out_bmn: NDArray[Any], a_bmk: NDArray[Any]) -> _Plan:
    return _plan(*out_bmn.shape[:2], a_bmk.shape[2], out_bmn.shape[2], out_bmn.itemsize)


def _batch(x: NDArray[Any]) -> NDArray[Any]:
    """Return a matrix as a batch of one."""
    return x if x.ndim == 3 else x[None]


def matmul_scratch_bytes(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any]) -> int:
    """Return the bytes of scratch that matmul takes for these arrays."""
    plan = _plan_of(_batch(out_bmn), _batch(a_bmk))
    return aligned_bytes(plan.panels + threads.get_num_threads() * plan.work, out_bmn.itemsize)


def matmul(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any], scratch: NDArray[np.uint8]) -> None:
    """Write the matrix products of two batches of matrices, or of two matrices.

    Parameters
    ----------
    out_bmn
        Contiguous, overwritten.
    a_bmk, b_bkn
        Any strides, zero and negative ones too.
    scratch
        At least `matmul_scratch_bytes` long.
    """
    out_bmn, a_bmk, b_bkn = _batch(out_bmn), _batch(a_bmk), _batch(b_bkn)
    batch, height, width = out_bmn.shape
    plan = _plan_of(out_bmn, a_bmk)
    elements = aligned(scratch, out_bmn.dtype)
    panels, work = elements[: plan.panels], elements[plan.panels :][: threads.get_num_threads() * plan.work]
    threads.run(_pack_b, batch * _ceil_div(width, plan.columns), plan.panels, panels, b_bkn)
    threads.run(
        _multiply, batch * _ceil_div(height, plan.block) * _ceil_div(width, BLOCK_N),
        out_bmn.size * a_bmk.shape[2] / SPEED, out_bmn, a_bmk, panels, work.reshape(-1, plan.work),
        _offsets(plan.columns), plan.block, plan.tile,
    )  # fmt: skip
