"""result[n, g, o, p] = bias[g, o] + sum_{c, t} weight[g, o, c, t] * wide[n, g, c][offset of t + p]: forward and input gradient.

A task is a part of the output channels of one group, over a band of rows of one image: nobody else writes it. For each block of
channels it packs the wide image, and for each tile of pixels multiplies it with all panels of weights: the pixels' lines stay
in L1, the panels come from L2. Blocks go by shape alone, so the sums are the same at any number of threads.

Pixels of one phase of a strided input gradient lie apart in memory: their tiles are scattered from the spare tile.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import helper, kernel
from minigrad_kernels.cpu.conv_pack import pack_image, pack_weights
from minigrad_kernels.cpu.conv_plan import ENOUGH_TASKS, Blocks, Gather, ceil_div, divide, product_blocks
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, PRODUCT_VECTORS, product_tile

# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50
# Output channels that a task has at least, where there are too few images to share out.
PART_TILES = 4


@kernel("out T1", "in T1", "in int64_1", *["int"] * 7)
def _pack(
    begin, end, worker, panels, weights, taps, channels, outputs, block, tile, group_step, channel_step, row_step
):
    tiles, blocks = (outputs + tile - 1) // tile, (channels + block - 1) // block
    for task in range(begin, end):
        g, c0, o0 = task // (tiles * blocks), task // tiles % blocks * block, task % tiles * tile
        rows, count = min(tile, outputs - o0), min(block, channels - c0)
        at = ((g * channels + c0) * outputs + o0 * count) * taps.size
        first = g * group_step + c0 * channel_step + o0 * row_step
        pack_weights(panels, at, weights, first, taps, count, rows, channel_step, row_step)


@helper
def _scatter(out, out_at, plane, tile, rows, first, columns, step, width, row_step, col_step, accumulate):
    """Put row r and column j of a tile at out[out_at + r * plane + place of pixel first + j]."""
    for j in range(columns):
        y, x = divmod(first + j, width)
        place = out_at + y * row_step + x * col_step
        for r in range(rows):
            old = out[place + r * plane] if accumulate else 0
            out[place + r * plane] = old + tile[r * step + j]


@kernel("out T1", "in T4", "in T1", "in T1", "out T2", "in int64_2", "in int64_1", *["int"] * 17)
def _product(
    begin, end, worker, out, source_nchw, panels, bias, work, views, offsets, groups, outputs, taps, tile, parts, block, band, rows,
    plane, step_h, step_w, height, width, base, row_step, col_step, out_plane,
):  # fmt: skip
    channels, source_h, source_w = source_nchw.shape[1] // groups, source_nchw.shape[2], source_nchw.shape[3]
    source = source_nchw.reshape(-1)
    columns = PRODUCT_VECTORS * VECTOR_BYTES // out.itemsize
    bands, tiles = (height + band - 1) // band, (outputs + tile - 1) // tile
    spare, wide = work[worker, : PRODUCT_ROWS * columns], work[worker, PRODUCT_ROWS * columns :]
    direct = col_step == 1 and row_step == width
    for task in range(begin, end):
        part, y0 = task % parts, task // parts % bands * band
        g, n = task // (parts * bands) % groups, task // (parts * bands * groups)
        pixels = min(band, height - y0) * width
        o_begin, o_end = tiles * part // parts * tile, min(tiles * (part + 1) // parts * tile, outputs)
        for c0 in range(0, max(channels, 1), block):
            count = min(block, channels - c0)
            depth = count * taps
            first = g * channels + c0
            pack_image(wide, 0, plane, source, (n * groups * channels + first) * source_h * source_w, count, source_h, source_w,
                       y0, rows, width, views, step_h, step_w)  # fmt: skip
            for p in range(0, pixels, columns):
                valid = min(columns, pixels - p)
                for o in range(o_begin, o_end, tile):
                    n_rows = min(tile, outputs - o)
                    panel_at = (g * channels + c0) * outputs * taps + o * depth
                    out_at = ((n * groups + g) * outputs + o) * out_plane + base
                    product_tile(n_rows, valid if direct else columns, depth, panels, panel_at, wide, p, offsets,
                                 out if direct else spare, out_at + y0 * width + p if direct else 0,
                                 out_plane if direct else columns, bias, g * outputs + o, direct and c0 > 0, spare)  # fmt: skip
                    if not direct:
                        _scatter(out, out_at, out_plane, spare, n_rows, y0 * width + p, valid, columns,
                                 width, row_step, col_step, c0 > 0)  # fmt: skip


def _sizes(gather: Gather, blocks: Blocks, out: NDArray[Any], channels: int, groups: int) -> tuple[int, int, int]:
    """Return the elements of scratch for the packed weights, for a bias of zeros, and for the work of one thread."""
    spare = PRODUCT_ROWS * PRODUCT_VECTORS * VECTOR_BYTES // out.itemsize
    return out.shape[1] * channels * gather.taps.size, out.shape[1], spare + blocks.size


def product_elements(gather: Gather, out: NDArray[Any], source: NDArray[Any], groups: int) -> int:
    """Return the elements of scratch that `product` takes."""
    channels = source.shape[1] // groups
    panels, zeros, work = _sizes(gather, product_blocks(gather, channels, out.itemsize), out, channels, groups)
    return panels + zeros + threads.get_num_threads() * work


def product(
    gather: Gather,
    out: NDArray[Any],
    source_nchw: NDArray[Any],
    weights: NDArray[Any],
    bias: NDArray[Any],
    steps: tuple[int, int, int],
    groups: int,
    scratch: NDArray[Any],
) -> None:
    """Write the pixels of one gather; steps are the distances in weights of two groups, source channels and result channels."""
    channels, outputs = source_nchw.shape[1] // groups, out.shape[1] // groups
    blocks = product_blocks(gather, channels, out.itemsize)
    panels_size, zeros_size, work_size = _sizes(gather, blocks, out, channels, groups)
    panels, zeros, work = scratch[:panels_size], scratch[panels_size:][:zeros_size], scratch[panels_size + zeros_size :]
    work = work[: threads.get_num_threads() * work_size].reshape(-1, work_size)
    if not bias.size:
        zeros[:] = 0
        bias = zeros

    tile = divide(outputs, PRODUCT_ROWS)
    tiles = ceil_div(outputs, tile)
    pack_tasks = groups * tiles * ceil_div(channels, blocks.channels)
    threads.run(
        _pack, pack_tasks, panels.size, panels, weights, gather.taps, channels, outputs, blocks.channels, tile, *steps
    )
    tasks = out.shape[0] * groups * ceil_div(gather.height, blocks.band)
    parts = max(1, min(tiles // PART_TILES, ceil_div(ENOUGH_TASKS, max(1, tasks))))
    work_done = out.shape[0] * gather.height * gather.width * panels.size / SPEED
    threads.run(
        _product, tasks * parts, work_done, out.reshape(-1), source_nchw, panels, bias, work, gather.views, blocks.offsets,
        groups, outputs, gather.taps.size, tile, parts, blocks.channels, blocks.band, blocks.rows, blocks.plane,
        gather.step_h, gather.step_w, gather.height, gather.width, gather.base, gather.row_step, gather.col_step,
        out.shape[2] * out.shape[3],
    )  # fmt: skip
