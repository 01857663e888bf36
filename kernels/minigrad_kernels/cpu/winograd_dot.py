"""dw[g, o, c] = G^T [ sum over tiles of (A dy[g, o] A^T) * (B^T x[g, c] B) ] G: the weight gradient.

At each of the 36 places of a tile (winograd_matrices) the sum is a product of matrices: its rows are outputs, its
columns channels, lanes of vectors. A block of both is BLOCK * BLOCK cells at each place, which are transformed to
weights when the last group of tiles has been added.

A task is a block of outputs, or a chunk of the groups of tiles (DotPlan): nobody else writes its part of the chunk's
sums, and a second pass adds the chunks in their order. Chunks go by shape alone, so the sums are the same at any number
of threads.
"""

import math
from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.conv_dot import SPEED, add_chunks
from minigrad_kernels.cpu.cutting import ceil_div, divide
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, panel_tile
from minigrad_kernels.cpu.winograd_lanes import lanes_to_pixels, transform_cells
from minigrad_kernels.cpu.winograd_matrices import KERNEL, OUT_TILE, TILE
from minigrad_kernels.cpu.winograd_pack import count_groups, group_bounds, pack_all_images, pack_dy, pack_images
from minigrad_kernels.cpu.winograd_plan import BLOCK, CELLS_STEP, LANES, PLACES, TAPS, DotPlan, divide_scratch
from minigrad_kernels.cpu.winograd_product import PACK_SPEED


@helper
def _write_weights(dw, at, output_step, outputs, channels, space, cells_at, grid_at, zeros, check):
    """Write dw[at + o * output_step + c * TAPS + tap] of a block of both: G^T M G, through the grid."""
    for o in range(outputs):
        for c in range(0, channels, LANES):
            transform_cells(space, grid_at, KERNEL * LANES, LANES,
                            space, cells_at + o * BLOCK + c, TILE * CELLS_STEP, CELLS_STEP)  # fmt: skip
            for tap in range(0, TAPS, LANES):
                lanes_to_pixels(dw, at + o * output_step + c * TAPS + tap, TAPS, min(LANES, channels - c), TAPS - tap,
                                space, grid_at + tap * LANES, tap, TAPS, 0, zeros, 0, -math.inf, check, 0)  # fmt: skip


@kernel(
    "out float32_2", "in float32_4", "in float32_4", "in int64_1", "in float32_1", "out float32_2", "out float32_1",
    *["int"] * 16,
)  # fmt: skip
def _chunk_sums(
    begin, end, worker, sums, x_nchw, dy_nohw, terms, zeros, checks, space,
    groups, pad_h, pad_w, images, rows, tiles, tile, parts, images_first, images_step, dy_step,
    own_at, own, dy_at, cells_at, grid_at,
):  # fmt: skip
    batch, channels, outputs = x_nchw.shape[0], x_nchw.shape[1] // groups, dy_nohw.shape[1] // groups
    tiles_h, tiles_w = (dy_nohw.shape[2] + OUT_TILE - 1) // OUT_TILE, (dy_nohw.shape[3] + OUT_TILE - 1) // OUT_TILE
    tile_groups, chunks = count_groups(batch, tiles_h, images, rows), sums.shape[0]
    o_blocks, c_blocks = (outputs + BLOCK - 1) // BLOCK, (channels + BLOCK - 1) // BLOCK
    own_at += worker * own
    dy_at, cells_at, grid_at = own_at + dy_at, own_at + cells_at, own_at + grid_at
    for task in range(begin, end):
        part, g, chunk = task % parts, task // parts % groups, task // (parts * groups)
        b_begin, b_end = o_blocks * part // parts, o_blocks * (part + 1) // parts
        group_begin, group_end = tile_groups * chunk // chunks, tile_groups * (chunk + 1) // chunks
        for group in range(group_begin, group_end):
            n_begin, n_end, y_begin, y_end = group_bounds(group, batch, tiles_h, images, rows)
            images_at = own_at
            if images_first:
                images_at = (g * tile_groups + group) * PLACES * images_step
            else:
                pack_images(space, images_at, images_step, tiles, grid_at, x_nchw, g, channels, 0, channels,
                            n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w)  # fmt: skip
            pack_dy(space, dy_at, dy_step, tiles, grid_at, dy_nohw, g, outputs, b_begin * BLOCK,
                    min(b_end * BLOCK, outputs), n_begin, n_end, y_begin, y_end, tiles_w)  # fmt: skip
            for pair in range((b_end - b_begin) * c_blocks):
                b, c_block, at = pair // c_blocks, pair % c_blocks, cells_at + pair * PLACES * CELLS_STEP
                o, c = (b_begin + b) * BLOCK, c_block * BLOCK
                n_outputs = min(BLOCK, outputs - o)
                for place in range(PLACES):
                    for row in range(0, n_outputs, tile):
                        panel_tile(
                            min(tile, n_outputs - row), (n_end - n_begin) * (y_end - y_begin) * tiles_w,
                            space, dy_at + place * dy_step + b * tiles * BLOCK + row, terms, 1,
                            space, images_at + place * images_step + c_block * tiles * BLOCK,
                            space, at + place * CELLS_STEP + row * BLOCK, group > group_begin,
                        )  # fmt: skip
                if group == group_end - 1:
                    _write_weights(
                        sums[chunk], ((g * outputs + o) * channels + c) * TAPS, channels * TAPS, n_outputs,
                        min(BLOCK, channels - c), space, at, grid_at, zeros, checks[worker],
                    )  # fmt: skip


def winograd_dot(
    plan: DotPlan, dw_ockk: NDArray[Any], x_nchw: NDArray[Any], dy_nohw: NDArray[Any], scratch: NDArray[Any]
) -> bool:
    """Write the weight gradient, and return whether all of it is finite: NaN or infinity spoil all taps of a filter."""
    tiles, groups, dw = plan.tiles, plan.groups, dw_ockk.reshape(-1)
    channels, outputs = x_nchw.shape[1] // groups, dy_nohw.shape[1] // groups
    checks, zeros, space = divide_scratch(scratch, LANES)
    cut = (*plan.pads, tiles.images, tiles.rows)
    sums = space[plan.sums_at :][: plan.chunks * dw.size].reshape(-1, dw.size) if plan.chunks > 1 else dw.reshape(1, -1)
    if plan.images_first:
        team.run(
            pack_all_images, groups * tiles.groups * ceil_div(channels, BLOCK), plan.whole / PACK_SPEED,
            space, x_nchw, groups, *cut, tiles.height, tiles.width, tiles.most, plan.images_step,
            plan.whole, plan.own, plan.grid_at,
        )  # fmt: skip
    team.run(
        _chunk_sums, plan.chunks * groups * plan.parts, PLACES * groups * tiles.count * channels * outputs / SPEED,
        sums, x_nchw, dy_nohw, plan.terms, zeros, checks, space,
        groups, *cut, tiles.most, divide(BLOCK, PRODUCT_ROWS), plan.parts, plan.images_first, plan.images_step,
        plan.dy_step, plan.whole, plan.own, plan.dy_at, plan.cells_at, plan.grid_at,
    )  # fmt: skip
    if plan.chunks > 1:
        team.run(add_chunks, dw.size, plan.chunks * dw.size / 4, dw, sums)
    return not checks.any()
