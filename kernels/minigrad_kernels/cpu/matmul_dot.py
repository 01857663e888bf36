"""out[b, m, n] = sum_k a[b, m, k] * b[b, n, k]: the rows of a with the rows of b, both contiguous.

This is how a linear layer meets its weight. A task is a block of rows x a block of columns of one matrix of the batch:
nobody else writes it. Of DOT_TAPS rows of b at a time, a stretch of BLOCK_K terms stays in L1 while the task's rows of
a, which stay in L2, pass by; dot_tile adds to sums that are kept until the last stretch. Each row of b is read once,
from end to end. Blocks go by shape alone, so the sums are the same at any number of threads.

The rows of b are copied first, each a line further on: rows whose length is a multiple of a page would all meet in the
same sets of the cache.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team, threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.cutting import ceil_div
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import DOT_ROWS, DOT_TAPS, dot_tile

BLOCK_K = 1024
# What a task's rows of a may take: half an L2 cache.
BLOCK_BYTES = 512 * 1024
# Columns are cut into blocks until there are this many tasks.
ENOUGH_TASKS = 8
# Terms from which the sums along the vectors cost less than packing, and rows or columns from which packing pays.
SMALLEST_K = 64
FEW = 128
# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50


@kernel("out T3", "in T3", "in T3", "out T2", "in int64_1", "int", "int", "int", "int")
def _dots(
    begin, end, worker, out_bmn, a_bmk, b_bnk, work, offsets, block_m, block_n, cell, panel_size
):  # fmt: skip
    _, height, width = out_bmn.shape
    depth, a, b = a_bmk.shape[2], a_bmk.reshape(-1), b_bnk.reshape(-1)
    blocks_m, blocks_n = (height + block_m - 1) // block_m, (width + block_n - 1) // block_n
    cells, panel = work[worker, panel_size:], work[worker, :panel_size]
    step = panel_size // DOT_TAPS
    for task in range(begin, end):
        batch = task // (blocks_m * blocks_n)
        m0, n0 = task // blocks_n % blocks_m * block_m, task % blocks_n * block_n
        m1, n1 = min(m0 + block_m, height), min(n0 + block_n, width)
        for n in range(n0, n1, DOT_TAPS):
            taps = min(DOT_TAPS, n1 - n)
            cells[:] = 0
            for k in range(0, depth, BLOCK_K):
                length = min(BLOCK_K, depth - k)
                for t in range(taps):
                    row, line = b[(batch * width + n + t) * depth + k :], panel[t * step :]
                    for j in range(length):
                        line[j] = row[j]
                for m in range(m0, m1, DOT_ROWS):
                    dot_tile(
                        min(DOT_ROWS, m1 - m), 1, length, a, (batch * height + m) * depth + k, depth, 0,
                        panel, 0, 0, offsets, 0, cells, (m - m0) // DOT_ROWS * cell,
                    )  # fmt: skip
            for m in range(m0, m1):
                at = (m - m0) // DOT_ROWS * cell + (m - m0) % DOT_ROWS * DOT_TAPS
                for t in range(taps):
                    out_bmn[batch, m, n + t] = cells[at + t]


class _Plan(NamedTuple):
    """How a product is cut: rows and columns of a task, elements of a tile's sums, of copied rows, of all scratch."""

    block_m: int
    block_n: int
    cell: int
    panel: int
    work: int
    offsets: NDArray[np.int64]


@cache
def _plan(batch: int, height: int, depth: int, width: int, itemsize: int) -> _Plan:
    block_m = min(max(BLOCK_BYTES // (max(depth, 1) * itemsize), DOT_ROWS), max(1, height))
    tiles, parts = ceil_div(width, DOT_TAPS), ceil_div(ENOUGH_TASKS, max(1, batch * ceil_div(height, block_m)))
    lanes = VECTOR_BYTES // itemsize
    cell, step = ceil_div(DOT_ROWS * DOT_TAPS, lanes) * lanes, BLOCK_K + lanes
    work = DOT_TAPS * step + ceil_div(block_m, DOT_ROWS) * cell
    return _Plan(
        block_m, max(1, ceil_div(tiles, parts)) * DOT_TAPS, cell, DOT_TAPS * step, work, np.arange(DOT_TAPS) * step
    )


def _plan_of(out_bmn: NDArray[Any], a_bmk: NDArray[Any]) -> _Plan:
    return _plan(*a_bmk.shape, out_bmn.shape[2], out_bmn.itemsize)


def is_dot(a_bmk: NDArray[Any], b_bkn: NDArray[Any]) -> bool:
    """Say whether the terms of both factors lie side by side, and are too many to be packed for so little use."""
    if a_bmk.shape[2] < SMALLEST_K or min(a_bmk.shape[1], b_bkn.shape[2]) > FEW:
        return False
    return a_bmk.flags.c_contiguous and b_bkn.transpose(0, 2, 1).flags.c_contiguous


def dot_elements(out_bmn: NDArray[Any], a_bmk: NDArray[Any]) -> int:
    """Return the elements of scratch that `dot` takes."""
    return threads.get_num_threads() * _plan_of(out_bmn, a_bmk).work


def dot(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any], scratch: NDArray[Any]) -> None:
    """Write the matrix products of two batches of matrices of which `is_dot` holds."""
    batch, height, width = out_bmn.shape
    plan = _plan_of(out_bmn, a_bmk)
    team.run(
        _dots, batch * ceil_div(height, plan.block_m) * ceil_div(width, plan.block_n),
        out_bmn.size * a_bmk.shape[2] / SPEED, out_bmn, a_bmk, b_bkn.transpose(0, 2, 1),
        scratch[: threads.get_num_threads() * plan.work].reshape(-1, plan.work), plan.offsets,
        plan.block_m, plan.block_n, plan.cell, plan.panel,
    )  # fmt: skip
