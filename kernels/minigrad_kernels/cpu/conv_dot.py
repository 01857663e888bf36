"""dw[g, o, c, t] = sum_{n, p} dy[n, g, o, p] * wide[n, g, c][offset of t + p]: the weight gradient.

The sum over images and pixels is split into chunks of images. A task is a block of channels of one group in one chunk, for all output
channels: it packs the wide image of a few images or a band of rows, about BLOCK_PIXELS pixels, adds the products to partial sums of
its own, tile by tile, and goes on. A second pass adds the chunks up in their order. Chunks go by shape alone, so the sums are the
same at any number of threads.

For each tile of terms all rows of dy pass by: the terms' lines stay in L1, dy comes from L2.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.conv_pack import pack_image
from minigrad_kernels.cpu.conv_plan import BLOCK_PIXELS, ENOUGH_TASKS, Blocks, Gather, ceil_div, dot_blocks
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import DOT_ROWS, DOT_TAPS, dot_tile

# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50
# Pixels that a chunk has at least.
CHUNK_PIXELS = 256
# Rows of dy that are multiplied with one tile of terms after the other: 60 x BLOCK_PIXELS numbers stay in L2.
BLOCK_OUTPUTS = 60


@kernel("out T1", "in T4", "in T4", "out T2", "in int64_2", "in int64_1", *["int"] * 13)
def _partial_sums(
    begin, end, worker, partial, x_nchw, dy_nohw, work, views, offsets, groups, chunks, images, taps, block, band, rows, plane,
    step_h, step_w, width, image_size, cell,
):  # fmt: skip
    batch, channels, outputs = x_nchw.shape[0], x_nchw.shape[1] // groups, dy_nohw.shape[1] // groups
    height = dy_nohw.shape[2]
    blocks, tiles = (channels + block - 1) // block, (outputs + DOT_ROWS - 1) // DOT_ROWS
    cells = (block * taps + DOT_TAPS - 1) // DOT_TAPS * tiles
    dy, dy_plane = dy_nohw.reshape(-1), dy_nohw.shape[2] * dy_nohw.shape[3]
    dy_image = dy_nohw.shape[1] * dy_plane
    source_h, source_w, x = x_nchw.shape[2], x_nchw.shape[3], x_nchw.reshape(-1)
    wide = work[worker]
    for task in range(begin, end):
        chunk, g, c0 = task // (groups * blocks), task // blocks % groups, task % blocks * block
        count = min(block, channels - c0)
        first = g * channels + c0
        n_begin, n_end = batch * chunk // chunks, batch * (chunk + 1) // chunks
        for n in range(n_begin, n_end, images):
            n_images = min(images, n_end - n)
            for y0 in range(0, height, band):
                for i in range(n_images):
                    pack_image(
                        wide[i * image_size :], plane, x, ((n + i) * groups * channels + first) * source_h * source_w, count,
                        source_h, source_w, y0, rows, width, views, step_h, step_w,
                    )  # fmt: skip
                pixels = min(band, height - y0) * width
                for o_block in range(0, outputs, BLOCK_OUTPUTS):
                    for term in range(0, count * taps, DOT_TAPS):
                        for o in range(o_block, min(o_block + BLOCK_OUTPUTS, outputs), DOT_ROWS):
                            dy_at = ((n * groups + g) * outputs + o) * dy_plane + y0 * width
                            out_at = (task * cells + term // DOT_TAPS * tiles + o // DOT_ROWS) * cell
                            dot_tile(
                                min(DOT_ROWS, outputs - o), n_images, pixels, dy, dy_at, dy_plane, dy_image,
                                wide, 0, image_size, offsets, term, partial, out_at, n > n_begin or y0 > 0,
                            )  # fmt: skip


@kernel("out T1", "in T1", *["int"] * 7)
def _add_chunks(begin, end, worker, dw, partial, chunks, groups, channels, outputs, taps, block, cell):
    blocks, tiles = (channels + block - 1) // block, (outputs + DOT_ROWS - 1) // DOT_ROWS
    cells = (block * taps + DOT_TAPS - 1) // DOT_TAPS * tiles
    chunk_size = groups * blocks * cells * cell
    for task in range(begin, end):
        g, o = task // tiles, task % tiles * DOT_ROWS
        for b in range(blocks):
            terms = min(block, channels - b * block) * taps
            for term in range(0, terms, DOT_TAPS):
                source = ((g * blocks + b) * cells + term // DOT_TAPS * tiles + o // DOT_ROWS) * cell
                for r in range(min(DOT_ROWS, outputs - o)):
                    at = ((g * outputs + o + r) * channels + b * block) * taps + term
                    for t in range(min(DOT_TAPS, terms - term)):
                        dw[at + t] = partial[source + r * DOT_TAPS + t] if chunks > 0 else 0
                        for chunk in range(1, chunks):
                            dw[at + t] += partial[chunk * chunk_size + source + r * DOT_TAPS + t]


def _cut(gather: Gather, blocks: Blocks, x_nchw: NDArray[Any], groups: int) -> tuple[int, int]:
    """Return the number of chunks, and of images packed at once."""
    batch, channels = x_nchw.shape[0], x_nchw.shape[1] // groups
    pixels = max(1, gather.height * gather.width)
    tasks = groups * ceil_div(channels, blocks.channels)
    chunks = min(batch, ceil_div(ENOUGH_TASKS, max(1, tasks)), max(1, batch * pixels // CHUNK_PIXELS))
    return chunks, max(1, min(ceil_div(batch, max(1, chunks)), BLOCK_PIXELS // pixels))


def _sizes(
    gather: Gather, blocks: Blocks, x_nchw: NDArray[Any], dy_nohw: NDArray[Any], groups: int
) -> tuple[int, int, int]:
    """Return the elements of a tile's sums, of all partial sums, and of the wide images of one thread."""
    channels, outputs = x_nchw.shape[1] // groups, dy_nohw.shape[1] // groups
    chunks, images = _cut(gather, blocks, x_nchw, groups)
    lanes = VECTOR_BYTES // x_nchw.itemsize
    cell = ceil_div(DOT_ROWS * DOT_TAPS, lanes) * lanes
    cells = ceil_div(blocks.channels * gather.taps.size, DOT_TAPS) * ceil_div(outputs, DOT_ROWS)
    return cell, chunks * groups * ceil_div(channels, blocks.channels) * cells * cell, images * blocks.size


def dot_elements(gather: Gather, x_nchw: NDArray[Any], dy_nohw: NDArray[Any], groups: int) -> int:
    """Return the elements of scratch that `dot` takes."""
    blocks = dot_blocks(gather, x_nchw.shape[1] // groups, x_nchw.itemsize)
    _, partial_size, work_size = _sizes(gather, blocks, x_nchw, dy_nohw, groups)
    return partial_size + threads.get_num_threads() * work_size


def dot(
    gather: Gather,
    dw_ockk: NDArray[Any],
    x_nchw: NDArray[Any],
    dy_nohw: NDArray[Any],
    groups: int,
    scratch: NDArray[Any],
) -> None:
    """Write the weight gradient of the convolution that is this gather."""
    channels, outputs = x_nchw.shape[1] // groups, dy_nohw.shape[1] // groups
    blocks = dot_blocks(gather, channels, x_nchw.itemsize)
    chunks, images = _cut(gather, blocks, x_nchw, groups)
    cell, partial_size, work_size = _sizes(gather, blocks, x_nchw, dy_nohw, groups)
    partial = scratch[:partial_size]
    work = scratch[partial_size:][: threads.get_num_threads() * work_size].reshape(-1, work_size)
    taps = gather.taps.size
    threads.run(
        _partial_sums, chunks * groups * ceil_div(channels, blocks.channels), dy_nohw.size * channels * taps / SPEED,
        partial, x_nchw, dy_nohw, work, gather.views, blocks.offsets, groups, chunks, images, taps, blocks.channels, blocks.band,
        blocks.rows, blocks.plane, gather.step_h, gather.step_w, gather.width, blocks.size, cell,
    )  # fmt: skip
    threads.run(
        _add_chunks, groups * ceil_div(outputs, DOT_ROWS), chunks * dw_ockk.size, dw_ockk.reshape(-1), partial,
        chunks, groups, channels, outputs, taps, blocks.channels, cell,
    )  # fmt: skip
