"""out[b, m, n] = sum_k a[b, m, k] * b[b, k, n], for any strides of a and b.

First all of b is packed into panels [k][column], 2 vectors wide, with zeros beyond the last column; where few rows of
a would read the panels again, and b's own rows are whole vectors, they are read in place. Then a task is a block of
rows x BLOCK_N columns of one matrix of the batch: nobody else writes it. For each block of BLOCK_K terms it packs its
rows of a into panels [k][row], and multiplies panel by panel with product_tile. Blocks go by shape alone, so the sums
are the same at any number of threads.

A block of a panel of b (256 x 2 vectors, 32 KiB at 64 bytes each) stays in L1 while the packed rows of a (132 KiB in
float32) pass by from L2.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team, threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.cutting import ceil_div
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.simd import VECTOR_BYTES, copy_lanes
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, PRODUCT_VECTORS, product_tile

BLOCK_K = 256
BLOCK_M = 132
BLOCK_N = 512
# Rows are cut into blocks until there are this many tasks, unless a block would have fewer than SMALL_M rows.
ENOUGH_TASKS = 8
SMALL_M = 2 * PRODUCT_ROWS
# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50
# A tile for the last columns, and rows for the zeros in place of a bias, of which there is one for each row.
SPARE_ROWS = PRODUCT_ROWS + ceil_div(PRODUCT_ROWS, PRODUCT_VECTORS * VECTOR_BYTES // 8)


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


@kernel("out T3", "strided T3", "in T1", "out T2", "in int64_1", *["int"] * 5)
def _multiply(begin, end, worker, out_bmn, a_bmk, panels, work, offsets, block, rows, batch_step, tile_step, k_step):
    _, height, width = out_bmn.shape
    depth, out = a_bmk.shape[2], out_bmn.reshape(-1)
    columns = PRODUCT_VECTORS * VECTOR_BYTES // out.itemsize
    blocks_m, blocks_n = (height + block - 1) // block, (width + BLOCK_N - 1) // BLOCK_N
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
                panel_at = batch * batch_step + n // columns * tile_step + k0 * k_step
                for m in range(m0, m1, rows):
                    product_tile(
                        min(rows, m1 - m), min(columns, n1 - n), k1 - k0, panel_a, (m - m0) * (k1 - k0),
                        panels, panel_at, offsets,
                        out, (batch * height + m) * width + n, width, zeros, 0, k0 > 0, spare,
                    )  # fmt: skip


@cache
def _offsets(step: int) -> NDArray[np.int64]:
    """Where the terms of a panel begin."""
    return np.arange(BLOCK_K, dtype=np.int64) * step


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
    rows_of_blocks = ceil_div(ENOUGH_TASKS, max(1, batch * ceil_div(width, BLOCK_N)))
    block = min(BLOCK_M, max(SMALL_M, ceil_div(height, rows_of_blocks)))
    tile = min(ceil_div(block, ceil_div(block, PRODUCT_ROWS)), max(1, height))
    block = min(block, max(1, height))
    panels = batch * ceil_div(width, columns) * columns * depth
    return _Plan(block, tile, columns, panels, SPARE_ROWS * columns + block * min(depth, BLOCK_K))


def _plan_of(out_bmn: NDArray[Any], a_bmk: NDArray[Any], in_place: bool) -> _Plan:
    plan = _plan(*out_bmn.shape[:2], a_bmk.shape[2], out_bmn.shape[2], out_bmn.itemsize)
    return plan._replace(panels=0) if in_place else plan


def _is_read_in_place(out_bmn: NDArray[Any], b_bkn: NDArray[Any]) -> bool:
    row_bytes = out_bmn.shape[2] * out_bmn.itemsize
    return out_bmn.shape[1] <= BLOCK_M and row_bytes % VECTOR_BYTES == 0 and b_bkn.flags.c_contiguous


def packed_elements(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any]) -> int:
    """Return the elements of scratch that `packed` takes."""
    plan = _plan_of(out_bmn, a_bmk, _is_read_in_place(out_bmn, b_bkn))
    return plan.panels + threads.get_num_threads() * plan.work


def packed(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any], scratch: NDArray[Any]) -> None:
    """Write the matrix products of two batches of matrices; a and b have any strides."""
    batch, height, width = out_bmn.shape
    depth, in_place = a_bmk.shape[2], _is_read_in_place(out_bmn, b_bkn)
    plan = _plan_of(out_bmn, a_bmk, in_place)
    columns, panels, work = plan.columns, scratch[: plan.panels], scratch[plan.panels :]
    if in_place:
        panels, steps = b_bkn.reshape(-1), (depth * width, columns, width)
    else:
        tiles = ceil_div(width, columns)
        team.run(_pack_b, batch * tiles, plan.panels, panels, b_bkn)
        steps = tiles * depth * columns, depth * columns, columns
    team.run(
        _multiply, batch * ceil_div(height, plan.block) * ceil_div(width, BLOCK_N), out_bmn.size * depth / SPEED,
        out_bmn, a_bmk, panels, work[: threads.get_num_threads() * plan.work].reshape(-1, plan.work),
        _offsets(steps[2]), plan.block, plan.tile, *steps,
    )  # fmt: skip
