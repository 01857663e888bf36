"""out[n, g, o] = max(least, bias[g, o] + A^T [ sum_c U[g, o, c] * V[n, g, c] ] A), tile by tile; input gradients too.

U is G w G^T, V is B^T x B (winograd_matrices). At each of the 36 places of a tile the sum is a product of matrices: its
rows are tiles, its columns result channels, lanes of vectors. A line of U is loaded and multiplied by elements of V.

A task is a group of tiles, or a block of result channels of a group. It multiplies place by place and block by block,
so that U's lines stay in L1 while the tiles pass; its sums, and what it has packed itself, stay near L2 (ProductPlan).
Groups and blocks go by shape alone, so the sums are the same at any number of threads.
"""

from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.conv_product import SPEED
from minigrad_kernels.cpu.cutting import ceil_div, divide
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, panel_tile
from minigrad_kernels.cpu.winograd_lanes import lanes_to_pixels, transform_out
from minigrad_kernels.cpu.winograd_matrices import OUT_TILE, TILE
from minigrad_kernels.cpu.winograd_pack import (
    count_groups,
    group_bounds,
    pack_all_images,
    pack_all_weights,
    pack_images,
    pack_weights,
)
from minigrad_kernels.cpu.winograd_plan import BLOCK, LANES, PLACES, ProductPlan, divide_scratch

# Elements that a core packs in a nanosecond, roughly.
PACK_SPEED = 2.5


@helper
def _write_band(
    out_nohw, n, channel, channels, y_begin, y_end, tiles_w, space, sums_at, step, grid_at, bias, least, check
):
    """Write a band of rows of tiles, and up to LANES channels, of an image: A^T M A + bias, through the grid."""
    height, width = out_nohw.shape[2], out_nohw.shape[3]
    out, plane, pitch = out_nohw.reshape(-1), height * width, OUT_TILE * tiles_w
    for tile in range((y_end - y_begin) * tiles_w):
        corner = (tile // tiles_w * pitch + tile % tiles_w) * OUT_TILE
        transform_out(space, grid_at + corner * LANES, pitch * LANES, LANES,
                      space, sums_at + tile * BLOCK, TILE * step, step)  # fmt: skip
    top, gap = OUT_TILE * y_begin, (pitch - width) * LANES
    count, out_at = (
        (min(OUT_TILE * y_end, height) - top) * width,
        (n * out_nohw.shape[1] + channel) * plane + top * width,
    )
    for p in range(0, count, LANES):
        row = p // width
        lanes_to_pixels(out, out_at + p, plane, channels, count - p, space, grid_at + p * LANES + row * gap,
                        p - row * width, width, gap, bias, channel, least, check, 0)  # fmt: skip


@kernel(
    "out float32_4", "in float32_4", "in float32_1", "in float32_1", "in int64_1", "out float32_2", "out float32_1",
    *["int"] * 21, "float",
)  # fmt: skip
def _product(
    begin, end, worker, out_nohw, x_nchw, weights, bias, terms, checks, space,
    groups, pad_h, pad_w, images, rows, tiles, tile, parts, images_first, depth, group_step, channel_step, output_step,
    rotated, images_step, weights_step, sums_step, own_at, own, sums_at, grid_at, least,
):  # fmt: skip
    batch, channels, outputs = x_nchw.shape[0], x_nchw.shape[1] // groups, out_nohw.shape[1] // groups
    tiles_h, tiles_w = (out_nohw.shape[2] + OUT_TILE - 1) // OUT_TILE, (out_nohw.shape[3] + OUT_TILE - 1) // OUT_TILE
    blocks, tile_groups = (outputs + BLOCK - 1) // BLOCK, count_groups(batch, tiles_h, images, rows)
    own_at += worker * own
    sums_at, grid_at = own_at + sums_at, own_at + grid_at
    for task in range(begin, end):
        part, group, g = task % parts, task // parts % tile_groups, task // (parts * tile_groups)
        n_begin, n_end, y_begin, y_end = group_bounds(group, batch, tiles_h, images, rows)
        image_tiles = (y_end - y_begin) * tiles_w
        n_tiles = (n_end - n_begin) * image_tiles
        images_at = own_at
        if images_first:
            images_at = task // parts * PLACES * images_step
        else:
            pack_images(space, images_at, images_step, tiles, grid_at, x_nchw, g, channels, 0, channels,
                        n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w)  # fmt: skip
        for b in range(blocks * part // parts, blocks * (part + 1) // parts):
            o = b * BLOCK
            for c in range(0, channels, depth):
                n_terms, weights_at = min(depth, channels - c), own_at
                if images_first:
                    first = g * group_step + c * channel_step + o * output_step
                    pack_weights(space, weights_at, weights_step, grid_at, weights, first, n_terms,
                                 min(BLOCK, outputs - o), channel_step, output_step, rotated)  # fmt: skip
                else:
                    weights_at = (g * blocks + b) * PLACES * weights_step
                for place in range(PLACES):
                    for t in range(0, n_tiles, tile):
                        panel_tile(
                            min(tile, n_tiles - t), n_terms,
                            space, images_at + place * images_step + t * BLOCK, terms[c:], BLOCK,
                            space, weights_at + place * weights_step,
                            space, sums_at + place * sums_step + t * BLOCK, c > 0,
                        )  # fmt: skip
            for n in range(n_begin, n_end):
                for lane in range(0, min(BLOCK, outputs - o), LANES):
                    _write_band(
                        out_nohw, n, g * outputs + o + lane, min(LANES, outputs - o - lane), y_begin, y_end, tiles_w,
                        space, sums_at + (n - n_begin) * image_tiles * BLOCK + lane, sums_step, grid_at,
                        bias, least, checks[worker],
                    )  # fmt: skip


def winograd_product(
    plan: ProductPlan,
    out_nohw: NDArray[Any],
    x_nchw: NDArray[Any],
    w_ockk: NDArray[Any],
    bias: NDArray[Any],
    least: float,
    scratch: NDArray[Any],
) -> bool:
    """Write the result, and return whether all of it is finite: a tile with NaN or infinity is spoilt as a whole."""
    tiles, groups, weights = plan.tiles, plan.groups, w_ockk.reshape(-1)
    channels, outputs = x_nchw.shape[1] // groups, out_nohw.shape[1] // groups
    checks, zeros, space = divide_scratch(scratch, out_nohw.shape[1])
    cut = (*plan.pads, tiles.images, tiles.rows)
    if plan.images_first:
        team.run(
            pack_all_images, groups * ceil_div(channels, BLOCK), plan.whole / PACK_SPEED,
            space, x_nchw, groups, *cut, tiles.height, tiles.width, tiles.most, plan.images_step,
            plan.whole, plan.own, plan.grid_at,
        )  # fmt: skip
    else:
        team.run(
            pack_all_weights, groups * ceil_div(outputs, BLOCK), plan.whole / PACK_SPEED,
            space, weights, groups, channels, outputs, *plan.weight_steps, plan.rotated, plan.weights_step,
            plan.whole, plan.own, plan.grid_at,
        )  # fmt: skip
    team.run(
        _product, groups * tiles.groups * plan.parts, PLACES * groups * tiles.count * channels * outputs / SPEED,
        out_nohw, x_nchw, weights, bias if bias.size else zeros, plan.terms, checks, space,
        groups, *cut, tiles.most, divide(tiles.most, PRODUCT_ROWS), plan.parts, plan.images_first, plan.depth,
        *plan.weight_steps, plan.rotated, plan.images_step, plan.weights_step, plan.sums_step,
        plan.whole, plan.own, plan.sums_at, plan.grid_at, least,
    )  # fmt: skip
    return not checks.any()
