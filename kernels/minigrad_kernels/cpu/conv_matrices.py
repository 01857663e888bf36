"""result[r] = max(least, bias + sum of left[s] @ right[u]): a convolution, or a gradient, by matrices.

First the right operand is packed, in strips of columns two vectors wide. A task is a tile of rows of one group, over
some strips: nobody else writes its results. It packs its rows of the left operand, which stay in L2, and adds up all
products of a strip, block of terms by block of terms, in a tile for each matrix of the result. Where a weight gradient
has few tiles, its images are cut into chunks, whose sums are added in the end. Blocks and chunks go by shape alone, so
the sums are the same at any number of threads.

All three arrays are NCHW: pixels, or taps, lie side by side, and the indices that vectors run over lie apart. Packing
transposes small blocks in registers, and so does the way back.
"""

from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import team, threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.conv_dot import add_chunks
from minigrad_kernels.cpu.conv_matrices_plan import Products
from minigrad_kernels.cpu.cutting import ceil_div
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.simd import VECTOR_BYTES, transpose_lanes
from minigrad_kernels.cpu.tiles import PRODUCT_VECTORS, product_tile, raise_to

# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50


@helper
def _pack(packed, at, width, places, places_at, source, source_at, line_step, term_step, lines, terms, matrices):
    """Write packed[matrix][term][line], width apart, from source[line][term][matrix] at these steps.

    A last vector that the lines do not fill is filled with zeros.
    """
    lanes = VECTOR_BYTES // packed.itemsize
    stretch = matrices * terms if term_step == matrices else matrices
    for first in range(0, matrices * terms, stretch):
        start = source_at + first // matrices * term_step
        for i in range(0, stretch, lanes):
            for line in range(0, lines, lanes):
                transpose_lanes(packed, at + line, width, places, places_at + first + i, width - line,
                                source, start + i + line * line_step, line_step, lines - line, stretch - i)  # fmt: skip


@helper
def _unpack(result, at, row_step, column_step, cells, width, numbers, numbers_at, rows, columns, matrices):
    """Write result[row][column][matrix] at these steps from cells[matrix][row][column], width apart."""
    lanes = VECTOR_BYTES // result.itemsize
    for i in range(rows):
        for m in range(0, matrices, lanes):
            for j in range(0, columns, lanes):
                transpose_lanes(result, at + i * row_step + j * column_step + m, column_step,
                                numbers, numbers_at, matrices - m,
                                cells, (m * rows + i) * width + j, rows * width, matrices - m, columns - j)  # fmt: skip


@kernel("out T1", "in T1", "in int64_1", *["int"] * 8)
def _pack_right(
    begin, end, worker, packed, right, places, columns, terms, matrices, block, width,
    group_step, column_step, term_step,
):  # fmt: skip
    strips, blocks = (columns + width - 1) // width, (terms + block - 1) // block
    for task in range(begin, end):
        k, j, g = task % blocks * block, task // blocks % strips * width, task // (blocks * strips)
        count = min(block, terms - k)
        _pack(packed, ((g * strips * width + j) * terms + k * width) * matrices, width,
              places, 0 if count == block else block * matrices,
              right, g * group_step + j * column_step + k * term_step, column_step, term_step,
              min(width, columns - j), count, matrices)  # fmt: skip


@kernel("out T2", "in T1", "in T1", "in T1", "out T2", "in int64_2", "in int64_1", "in int64_1", *["int"] * 20, "T")
def _multiply(
    begin, end, worker, sums, left, right, bias, work, runs, places, offsets, rows, columns, terms,
    results, lefts, rights, block, tile, width, parts, panel_size,
    result_group, result_row, result_column, left_group, left_row, left_term, bias_group, bias_row, bias_column, least,
):  # fmt: skip
    strips, tiles, lanes = (columns + width - 1) // width, (rows + tile - 1) // tile, VECTOR_BYTES // sums.itemsize
    blocks, chunks = (terms + block - 1) // block, sums.shape[0]
    panel, cells = work[worker, :panel_size], work[worker, panel_size:]
    for task in range(begin, end):
        part, i, g = task % parts, task // parts % tiles * tile, task // (parts * tiles * chunks)
        chunk = task // (parts * tiles) % chunks
        k_begin, k_end = blocks * chunk // chunks * block, min(blocks * (chunk + 1) // chunks * block, terms)
        n_rows = min(tile, rows - i)
        for k in range(k_begin, k_end, block):
            count = min(block, terms - k)
            _pack(panel, k * lefts * n_rows, n_rows, places, 0 if count == block else block * lefts,
                  left, g * left_group + i * left_row + k * left_term, left_row, left_term,
                  n_rows, count, lefts)  # fmt: skip
        for j in range(strips * part // parts * width, min(strips * (part + 1) // parts * width, columns), width):
            n_columns = min(width, columns - j)
            for line in range(results * n_rows):
                at = g * bias_group + (i + line % n_rows) * bias_row + j * bias_column
                for column in range(width):
                    start = bias[at + min(column, n_columns - 1) * bias_column] if bias.size else 0
                    cells[line * width + column] = start
            for k in range(k_begin, k_end, block):
                count = min(block, terms - k)
                left_at, right_at = k * lefts * n_rows, ((g * strips * width + j) * terms + k * width) * rights
                for run in range(runs.shape[0]):
                    product_tile(
                        n_rows, (n_columns + lanes - 1) // lanes * lanes, runs[run, 3] * count,
                        panel, left_at + runs[run, 1] * count * n_rows,
                        right, right_at + runs[run, 2] * count * width, offsets,
                        cells, runs[run, 0] * n_rows * width, width, bias, 0, True, cells,
                    )  # fmt: skip
            raise_to(least, cells[: results * n_rows * width])
            _unpack(sums[chunk], g * result_group + i * result_row + j * result_column, result_row, result_column,
                    cells, width, places, places.size - VECTOR_BYTES, n_rows, n_columns, results)  # fmt: skip


def _sizes(plan: Products) -> tuple[int, int, int, int]:
    """Return the elements of the packed right operand, a thread's left rows, all of its work, and all chunks' sums."""
    results, lefts, rights = plan.counts
    lanes = plan.width // PRODUCT_VECTORS
    panel = ceil_div(plan.tile * plan.terms * lefts, lanes) * lanes
    right = plan.groups * plan.strips * plan.width * plan.terms * rights
    sums = plan.chunks * plan.groups * plan.rows * plan.columns * results if plan.chunks > 1 else 0
    return right, panel, panel + plan.tile * plan.width * results, sums


def multiply_elements(plan: Products) -> int:
    """Return the elements of scratch that `multiply` takes."""
    right, _, work, sums = _sizes(plan)
    return right + threads.get_num_threads() * work + sums


def multiply(
    plan: Products,
    result: NDArray[Any],
    operands: dict[str, NDArray[Any]],
    bias: NDArray[Any],
    least: float,
    scratch: NDArray[Any],
) -> None:
    """Write the sums of products of two of "x", "w" and "y"; a bias of length zero is none."""
    right_size, panel_size, work_size, sums_size = _sizes(plan)
    sums_at = right_size + threads.get_num_threads() * work_size
    packed, work = scratch[:right_size], scratch[right_size:sums_at].reshape(-1, work_size)
    sums = (scratch[sums_at:][:sums_size] if plan.chunks > 1 else result).reshape(plan.chunks, -1)
    results, lefts, rights = plan.counts
    team.run(
        _pack_right, plan.groups * plan.strips * ceil_div(plan.terms, plan.block), packed.size / 2,
        packed, operands[plan.right].reshape(-1), plan.right_places,
        plan.columns, plan.terms, rights, plan.block, plan.width, *plan.right_steps,
    )  # fmt: skip
    team.run(
        _multiply, plan.chunks * plan.tiles * plan.parts, plan.work * plan.width / PRODUCT_VECTORS / SPEED,
        sums, operands[plan.left].reshape(-1), packed, bias, work,
        plan.runs, plan.left_places, plan.offsets, plan.rows, plan.columns, plan.terms, results, lefts, rights,
        plan.block, plan.tile, plan.width, plan.parts, panel_size,
        *plan.result_steps, *plan.left_steps, *plan.bias_steps, least,
    )  # fmt: skip
    if plan.chunks > 1:
        team.run(add_chunks, result.size, plan.chunks * result.size / 4, result.reshape(-1), sums)
