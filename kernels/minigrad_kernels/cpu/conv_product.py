"""result[n, g, o, p] = max(least, bias[g, o] + sum_{c, t} weight[g, o, c, t] * wide[n, g, c][offset of t + p]).

This is the forward convolution and, with dy for the source and the weights transposed, the input gradient.

A task is a part of the output channels of one group, over a band of rows of one image: nobody else writes it. For
each block of channels it packs the wide image, and multiplies each tile of pixels, whose lines stay in L1, with all
panels of weights. Panels, wide image and result are met again and again in L2. Blocks go by shape alone, so the sums
are the same at any number of threads.

The phases of a strided input gradient share the wide image; their pixels lie apart and are scattered from a tile.
"""

from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import team, threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.conv_pack import pack_image, pack_weights
from minigrad_kernels.cpu.conv_plan import ENOUGH_TASKS, Blocks, Gather, product_blocks
from minigrad_kernels.cpu.cutting import ceil_div, divide
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, PRODUCT_VECTORS, product_tile, raise_to

# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50
# Panels that a task has at least, where there are too few images to share out.
PART_TILES = 4


@kernel("out T1", "in T1", "in int64_1", "in int64_2", *["int"] * 8)
def _pack_panels(
    begin, end, worker, panels, weights, taps, phases, groups, channels, outputs, block, tile,
    group_step, channel_step, row_step,
):  # fmt: skip
    tiles, blocks = (outputs + tile - 1) // tile, (channels + block - 1) // block
    for task in range(begin, end):
        o, c = task % tiles * tile, task // tiles % blocks * block
        g, phase = task // (tiles * blocks) % groups, task // (tiles * blocks * groups)
        rows, count = min(tile, outputs - o), min(block, channels - c)
        first_tap, n_taps = phases[phase, 0], phases[phase, 1]
        places = taps[first_tap : first_tap + n_taps]
        at = groups * channels * outputs * first_tap + ((g * channels + c) * outputs + o * count) * n_taps
        first = g * group_step + c * channel_step + o * row_step
        pack_weights(panels, at, weights, first, places, count, rows, channel_step, row_step)


@helper
def _scatter(
    out, out_at, plane, height, width, y, x, step_h, step_w, tile, rows, columns, tile_step, grid_w, accumulate
):
    """Put tile[r, j] into plane r: pixel j counted from (y, x) over rows of grid_w pixels, step_h and step_w apart."""
    for j in range(columns):
        if y < height and x < width:
            place = out_at + y * width + x
            for r in range(rows):
                old = out[place + r * plane] if accumulate else 0
                out[place + r * plane] = old + tile[r * tile_step + j]
        x += step_w
        if x >= grid_w * step_w:
            x %= step_w
            y += step_h


@kernel("out T4", "in T4", "in T1", "in T1", "out T2", "in int64_2", "in int64_1", "in int64_2", *["int"] * 13, "T")
def _product(
    begin, end, worker, out_nohw, source_nchw, panels, bias, work, views, offsets, phases,
    groups, tile, parts, block, band, rows, plane, grid_h, grid_w, step_h, step_w, out_step_h, out_step_w, least,
):  # fmt: skip
    channels, source_h, source_w = source_nchw.shape[1] // groups, source_nchw.shape[2], source_nchw.shape[3]
    outputs, out_h, out_w = out_nohw.shape[1] // groups, out_nohw.shape[2], out_nohw.shape[3]
    source, out, out_plane = source_nchw.reshape(-1), out_nohw.reshape(-1), out_h * out_w
    columns = PRODUCT_VECTORS * VECTOR_BYTES // out.itemsize
    bands, tiles = (grid_h + band - 1) // band, (outputs + tile - 1) // tile
    spare, wide = work[worker, : PRODUCT_ROWS * columns], work[worker, PRODUCT_ROWS * columns :]
    direct = out_step_h == 1 and out_step_w == 1
    for task in range(begin, end):
        part, y0 = task % parts, task // parts % bands * band
        g, n = task // (parts * bands) % groups, task // (parts * bands * groups)
        o_begin, o_end = tiles * part // parts * tile, min(tiles * (part + 1) // parts * tile, outputs)
        pixels = min(band, grid_h - y0) * grid_w
        for c in range(0, max(channels, 1), block):
            count = min(block, channels - c)
            pack_image(wide, plane, source, ((n * groups + g) * channels + c) * source_h * source_w, count, source_h,
                       source_w, y0, rows, grid_w, views, step_h, step_w)  # fmt: skip
            for phase in range(phases.shape[0]):
                first_tap, n_taps = phases[phase, 0], phases[phase, 1]
                depth, first_term = count * n_taps, block * first_tap
                panels_at = (groups * outputs * first_tap + g * outputs * n_taps) * channels + c * outputs * n_taps
                for p in range(0, pixels, columns):
                    valid = min(columns, pixels - p)
                    for o in range(o_begin, o_end, tile):
                        n_rows = min(tile, outputs - o)
                        plane_at = ((n * groups + g) * outputs + o) * out_plane
                        product_tile(
                            n_rows, valid if direct else columns, depth, panels, panels_at + o * depth,
                            wide, p, offsets[first_term:], out if direct else spare,
                            plane_at + y0 * grid_w + p if direct else 0, out_plane if direct else columns,
                            bias, g * outputs + o, direct and c > 0, spare,
                        )  # fmt: skip
                        if not direct:
                            y, x = y0 + p // grid_w, p % grid_w
                            _scatter(
                                out, plane_at, out_plane, out_h, out_w, phases[phase, 2] + y * out_step_h,
                                phases[phase, 3] + x * out_step_w, out_step_h, out_step_w,
                                spare, n_rows, valid, columns, grid_w, c > 0,
                            )  # fmt: skip
        for o in range(o_begin, o_end):
            at = ((n * groups + g) * outputs + o) * out_plane + y0 * grid_w
            raise_to(least, out[at : at + pixels])


def _sizes(gather: Gather, blocks: Blocks, out: NDArray[Any], channels: int) -> tuple[int, int, int]:
    """Return the elements of scratch for the packed weights, for a bias of zeros, and for the work of one thread."""
    columns = PRODUCT_VECTORS * VECTOR_BYTES // out.itemsize
    return out.shape[1] * channels * gather.taps.size, out.shape[1], PRODUCT_ROWS * columns + blocks.size


def product_elements(gather: Gather, out: NDArray[Any], source: NDArray[Any], groups: int) -> int:
    """Return the elements of scratch that `product` takes."""
    channels, outputs = source.shape[1] // groups, out.shape[1] // groups
    panels, zeros, work = _sizes(gather, product_blocks(gather, channels, outputs, out.itemsize), out, channels)
    return panels + zeros + threads.get_num_threads() * work


def product(
    gather: Gather,
    out_nohw: NDArray[Any],
    source_nchw: NDArray[Any],
    weights: NDArray[Any],
    bias: NDArray[Any],
    steps: tuple[int, int, int],
    groups: int,
    least: float,
    scratch: NDArray[Any],
) -> None:
    """Write the result of a gather; steps are how far apart groups, source and result channels lie in the weights."""
    channels, outputs = source_nchw.shape[1] // groups, out_nohw.shape[1] // groups
    blocks = product_blocks(gather, channels, outputs, out_nohw.itemsize)
    panels_size, zeros_size, work_size = _sizes(gather, blocks, out_nohw, channels)
    panels, zeros, work = scratch[:panels_size], scratch[panels_size:][:zeros_size], scratch[panels_size + zeros_size :]
    work = work[: threads.get_num_threads() * work_size].reshape(-1, work_size)
    if not bias.size:
        zeros[:] = 0
        bias = zeros

    tile = divide(outputs, PRODUCT_ROWS)
    tiles = ceil_div(outputs, tile)
    team.run(
        _pack_panels, len(gather.phases) * groups * ceil_div(channels, blocks.channels) * tiles, panels.size,
        panels, weights, gather.taps, gather.phases, groups, channels, outputs, blocks.channels, tile, *steps,
    )  # fmt: skip
    tasks = out_nohw.shape[0] * groups * ceil_div(gather.height, blocks.band)
    parts = max(1, min(tiles // PART_TILES, ceil_div(ENOUGH_TASKS, max(1, tasks))))
    team.run(
        _product, tasks * parts, out_nohw.shape[0] * gather.height * gather.width * panels.size / SPEED,
        out_nohw, source_nchw, panels, bias, work, gather.views, blocks.offsets, gather.phases,
        groups, tile, parts, blocks.channels, blocks.band, blocks.rows, blocks.plane,
        gather.height, gather.width, gather.step_h, gather.step_w, gather.out_step_h, gather.out_step_w, least,
    )  # fmt: skip
