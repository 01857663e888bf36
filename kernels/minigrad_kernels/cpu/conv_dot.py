"""dw[g, o, c, t] = sum_{n, p} dy[n, g, o, p] * wide[n, g, c][offset of t + p]: the weight gradient.

The sum over images is split into chunks. A task is a block of channels of one group in one chunk, for all output
channels: nobody else writes its part of the chunk's sums. It packs the wide image of a band of rows, or those of
several small images, about BLOCK_PIXELS pixels, adds the products to sums of its own, tile by tile, and goes on. A
second pass adds the chunks in their order. Chunks go by shape alone, so the sums are the same at any number of threads.

For each tile of terms, BLOCK_OUTPUTS rows of dy pass by: the terms' lines stay in L1, dy and wide image in L2.
"""

from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import team, threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.conv_pack import pack_image
from minigrad_kernels.cpu.conv_plan import BLOCK_PIXELS, ENOUGH_TASKS, Blocks, Gather, dot_blocks
from minigrad_kernels.cpu.cutting import ceil_div
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import DOT_ROWS, DOT_TAPS, dot_tile

# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50
# Rows of dy that are multiplied with one tile of terms after the other.
BLOCK_OUTPUTS = 60
# Elements of the chunks' sums that are added up at once, in L1. (As slices, for else the loop stays scalar.)
ADDED = 2048


@helper
def _unpack(dw, at, row_step, cells, cell, outputs, terms):
    """Write dw[at + o * row_step + term] from cells in the order [tile of terms][tile of rows][row][term]."""
    tiles = (outputs + DOT_ROWS - 1) // DOT_ROWS
    for term in range(0, terms, DOT_TAPS):
        for o in range(outputs):
            source = (term // DOT_TAPS * tiles + o // DOT_ROWS) * cell + o % DOT_ROWS * DOT_TAPS
            for t in range(min(DOT_TAPS, terms - term)):
                dw[at + o * row_step + term + t] = cells[source + t]


@kernel("out T2", "in T4", "in T4", "out T2", "in int64_2", "in int64_1", *["int"] * 14)
def _chunk_sums(
    begin, end, worker, sums, x_nchw, dy_nohw, work, views, offsets, groups, images, taps, block, band, rows, plane,
    step_h, step_w, image_size, cell, cells_size, height, width,
):  # fmt: skip
    batch, channels, source_h, source_w = x_nchw.shape
    channels, outputs, chunks = channels // groups, dy_nohw.shape[1] // groups, sums.shape[0]
    x, dy = x_nchw.reshape(-1), dy_nohw.reshape(-1)
    dy_plane = height * width
    blocks, tiles = (channels + block - 1) // block, (outputs + DOT_ROWS - 1) // DOT_ROWS
    cells, wide = work[worker, :cells_size], work[worker, cells_size:]
    for task in range(begin, end):
        chunk, g, c = task // (groups * blocks), task // blocks % groups, task % blocks * block
        count = min(block, channels - c)
        n_begin, n_end = batch * chunk // chunks, batch * (chunk + 1) // chunks
        cells[:] = 0
        for n in range(n_begin, n_end, images):
            n_images = min(images, n_end - n)
            for y in range(0, height, band):
                pixels = min(band, height - y) * width
                for i in range(n_images):
                    x_at = (((n + i) * groups + g) * channels + c) * source_h * source_w
                    pack_image(wide[i * image_size :], plane, x, x_at, count, source_h, source_w,
                               y, rows, width, views, step_h, step_w)  # fmt: skip
                for o_block in range(0, outputs, BLOCK_OUTPUTS):
                    for term in range(0, count * taps, DOT_TAPS):
                        for o in range(o_block, min(o_block + BLOCK_OUTPUTS, outputs), DOT_ROWS):
                            dy_at = ((n * groups + g) * outputs + o) * dy_plane + y * width
                            cell_at = (term // DOT_TAPS * tiles + o // DOT_ROWS) * cell
                            dot_tile(
                                min(DOT_ROWS, outputs - o), n_images, pixels,
                                dy, dy_at, dy_plane, groups * outputs * dy_plane,
                                wide, 0, image_size, offsets, term, cells, cell_at,
                            )  # fmt: skip
        row_step = channels * taps
        _unpack(sums[chunk], g * outputs * row_step + c * taps, row_step, cells, cell, outputs, count * taps)


@kernel("out T1", "in T2")
def add_chunks(begin, end, worker, dw, sums):
    """Write the sum over chunks of sums[chunk, i], in their order, for a range of i."""
    for first in range(begin, end, ADDED):
        out = dw[first : min(first + ADDED, end)]
        for chunk in range(sums.shape[0]):
            part = sums[chunk, first : first + out.size]
            for i in range(out.size):
                out[i] = out[i] + part[i] if chunk else part[i]


def _cut(gather: Gather, blocks: Blocks, x_nchw: NDArray[Any], groups: int) -> tuple[int, int]:
    """Return the number of chunks, and of images packed at once."""
    batch, pixels = x_nchw.shape[0], max(1, gather.height * gather.width)
    tasks = max(1, groups * ceil_div(x_nchw.shape[1] // groups, blocks.channels))
    chunks = max(1, min(batch, ceil_div(ENOUGH_TASKS, tasks), batch * pixels // BLOCK_PIXELS))
    return chunks, max(1, min(ceil_div(batch, chunks), BLOCK_PIXELS // pixels))


def _sizes(
    gather: Gather, blocks: Blocks, dw_ockk: NDArray[Any], x_nchw: NDArray[Any], groups: int
) -> tuple[int, int, int, int]:
    """Return the elements of the chunks' sums, and of one thread's: a tile's sums, all tiles' sums, everything."""
    chunks, images = _cut(gather, blocks, x_nchw, groups)
    lanes = VECTOR_BYTES // x_nchw.itemsize
    cell = ceil_div(DOT_ROWS * DOT_TAPS, lanes) * lanes
    terms, outputs = blocks.channels * gather.taps.size, dw_ockk.shape[0] // groups
    cells = ceil_div(terms, DOT_TAPS) * ceil_div(outputs, DOT_ROWS) * cell
    return chunks * dw_ockk.size if chunks > 1 else 0, cell, cells, cells + images * blocks.size


def dot_elements(gather: Gather, dw_ockk: NDArray[Any], x_nchw: NDArray[Any], groups: int) -> int:
    """Return the elements of scratch that `dot` takes."""
    blocks = dot_blocks(gather, x_nchw.shape[1] // groups, groups, x_nchw.itemsize)
    sums_size, _, _, work_size = _sizes(gather, blocks, dw_ockk, x_nchw, groups)
    return sums_size + threads.get_num_threads() * work_size


def dot(
    gather: Gather,
    dw_ockk: NDArray[Any],
    x_nchw: NDArray[Any],
    dy_nohw: NDArray[Any],
    groups: int,
    scratch: NDArray[Any],
) -> None:
    """Write the weight gradient of the convolution that is this gather."""
    channels = x_nchw.shape[1] // groups
    blocks = dot_blocks(gather, channels, groups, x_nchw.itemsize)
    chunks, images = _cut(gather, blocks, x_nchw, groups)
    sums_size, cell, cells_size, work_size = _sizes(gather, blocks, dw_ockk, x_nchw, groups)
    dw = dw_ockk.reshape(-1)
    sums = scratch[:sums_size].reshape(chunks, dw.size) if chunks > 1 else dw.reshape(1, dw.size)
    work = scratch[sums_size:][: threads.get_num_threads() * work_size].reshape(-1, work_size)
    taps = gather.taps.size
    team.run(
        _chunk_sums, chunks * groups * ceil_div(channels, blocks.channels), dy_nohw.size * channels * taps / SPEED,
        sums, x_nchw, dy_nohw, work, gather.views, blocks.offsets, groups, images, taps, blocks.channels,
        blocks.band, blocks.rows, blocks.plane, gather.step_h, gather.step_w, blocks.size, cell, cells_size,
        gather.height, gather.width,
    )  # fmt: skip
    if chunks > 1:
        team.run(add_chunks, dw.size, chunks * dw.size / 4, dw, sums)
