"""out[n, g, o] = bias[g, o] + A^T [ sum_c U[g, o, c] * V[n, g, c] ] A on each tile: forward convolution, input gradient.

U = G w G^T and V = B^T x B. At each of the 36 places of a tile, the sum is a product of matrices: tiles are its rows,
output channels the lanes of its columns. So one of U's lines, which the rows share, is loaded as a vector, and V's
elements are broadcast.

What has fewer elements, U or V, is transformed first, as a whole; the other one, the sums and the grid stay in L2,
where a task meets them again (see winograd_plan). Groups go by shape alone, so the sums are the same at any number of
threads.
"""

from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import helper, kernel
from minigrad_kernels.cpu.conv_plan import ceil_div, divide
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, panel_tile
from minigrad_kernels.cpu.winograd_lanes import lanes_to_pixels, transform_out
from minigrad_kernels.cpu.winograd_pack import bounds, pack_all_images, pack_all_weights, pack_images, pack_weights
from minigrad_kernels.cpu.winograd_plan import BLOCK, LANES, OUT_TILE, PLACES, TILE, ProductPlan, divide_scratch

# Multiply-adds that a core does in a nanosecond, roughly: what a share of the work is worth.
SPEED = 50


@helper
def _write_band(
    out_nohw, n, channel, outputs, y_begin, y_end, tiles_w, space, sums_at, step, grid_at, bias, checks, worker
):
    """Write a band of rows of tiles of up to a vector of output channels: A^T M A for each of its tiles, plus bias."""
    height, width = out_nohw.shape[2], out_nohw.shape[3]
    out, plane, pitch = out_nohw.reshape(-1), height * width, OUT_TILE * tiles_w
    for tile in range((y_end - y_begin) * tiles_w):
        y, x = tile // tiles_w, tile % tiles_w
        transform_out(space, grid_at + (y * pitch + x) * OUT_TILE * LANES, pitch * LANES, LANES,
                      space, sums_at + tile * BLOCK, TILE * step, step)  # fmt: skip
    top = OUT_TILE * y_begin
    count, gap = (min(OUT_TILE * y_end, height) - top) * width, (pitch - width) * LANES
    out_at = (n * out_nohw.shape[1] + channel) * plane + top * width
    for p in range(0, count, LANES):
        row = p // width
        lanes_to_pixels(out, out_at + p, plane, outputs, count - p, space, grid_at + p * LANES + row * gap,
                        p - row * width, width, gap, bias, channel, checks[worker], 0)  # fmt: skip


@kernel(
    "out float32_4", "in float32_4", "in float32_1", "in float32_1", "in int64_1", "out float32_2", "out float32_1",
    *["int"] * 21,
)  # fmt: skip
def _product(
    begin, end, worker, out_nohw, x_nchw, weights, bias, steps, checks, space,
    groups, pad_h, pad_w, images, rows, tiles, tile, parts, images_first, depth, group_step, channel_step, output_step, rotated,
    images_step, weights_step, sums_step, whole, own, sums_at, grid_at,
):  # fmt: skip
    batch, channels = x_nchw.shape[0], x_nchw.shape[1] // groups
    outputs, out_h, out_w = out_nohw.shape[1] // groups, out_nohw.shape[2], out_nohw.shape[3]
    tiles_h, tiles_w = (out_h + OUT_TILE - 1) // OUT_TILE, (out_w + OUT_TILE - 1) // OUT_TILE
    tile_groups = (batch + images - 1) // images * ((tiles_h + rows - 1) // rows)
    blocks = (outputs + BLOCK - 1) // BLOCK
    own_at = whole + worker * own
    sums_at, grid_at = own_at + sums_at, own_at + grid_at
    for task in range(begin, end):
        part, group, g = task % parts, task // parts % tile_groups, task // (parts * tile_groups)
        n_begin, n_end, y_begin, y_end = bounds(group, batch, tiles_h, images, rows)
        n_tiles = (y_end - y_begin) * tiles_w
        images_at = (g * tile_groups + group) * PLACES * images_step
        if not images_first:
            images_at = own_at
            pack_images(space, images_at, images_step, tiles, grid_at, x_nchw, g, channels, 0, channels,
                        n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w)  # fmt: skip
        for b in range(blocks * part // parts, blocks * (part + 1) // parts):
            o = b * BLOCK
            for c in range(0, channels, depth):
                terms = min(depth, channels - c)
                weights_at = (g * blocks + b) * PLACES * weights_step
                if images_first:
                    weights_at = own_at
                    first = g * group_step + c * channel_step + o * output_step
                    pack_weights(space, weights_at, weights_step, grid_at, weights, first, terms,
                                 min(BLOCK, outputs - o), channel_step, output_step, rotated)  # fmt: skip
                for place in range(PLACES):
                    for t in range(0, (n_end - n_begin) * n_tiles, tile):
                        panel_tile(
                            min(tile, (n_end - n_begin) * n_tiles - t), terms,
                            space, images_at + place * images_step + t * BLOCK, steps[c:], BLOCK,
                            space, weights_at + place * weights_step,
                            space, sums_at + place * sums_step + t * BLOCK, c > 0,
                        )  # fmt: skip
            for n in range(n_begin, n_end):
                for lane in range(0, min(BLOCK, outputs - o), LANES):
                    at = sums_at + (n - n_begin) * n_tiles * BLOCK + lane
                    _write_band(out_nohw, n, g * outputs + o + lane, min(LANES, outputs - o - lane), y_begin, y_end,
                                tiles_w, space, at, sums_step, grid_at, bias, checks, worker)  # fmt: skip


def winograd_product(
    plan: ProductPlan,
    out_nohw: NDArray[Any],
    x_nchw: NDArray[Any],
    weights: NDArray[Any],
    bias: NDArray[Any],
    steps: tuple[int, int, int],
    groups: int,
    scratch: NDArray[Any],
) -> bool:
    """Write the result, and return whether all of it is finite; steps are those of conv_product.product."""
    tiles, (checks, zeros, space) = plan.tiles, divide_scratch(scratch, out_nohw.shape[1])
    channels, outputs = x_nchw.shape[1] // groups, out_nohw.shape[1] // groups
    blocks = ceil_div(outputs, BLOCK)
    cut = (*plan.pads, tiles.images, tiles.rows)
    work = PLACES * groups * tiles.count * channels * outputs / SPEED
    if plan.images_first:
        threads.run(
            pack_all_images, groups * tiles.groups * ceil_div(channels, BLOCK), plan.whole,
            space, x_nchw, groups, *cut, tiles.height, tiles.width, tiles.most, plan.images_step,
            plan.whole, plan.own, plan.grid_at,
        )  # fmt: skip
    else:
        threads.run(
            pack_all_weights, groups * blocks, plan.whole,
            space, weights, groups, channels, outputs, *steps, plan.rotated, plan.weights_step,
            plan.whole, plan.own, plan.grid_at,
        )  # fmt: skip
    threads.run(
        _product, groups * tiles.groups * plan.parts, work,
        out_nohw, x_nchw, weights, bias if bias.size else zeros, plan.steps, checks, space,
        groups, *cut, tiles.most, divide(tiles.most, PRODUCT_ROWS), plan.parts, plan.images_first, plan.depth, *steps, plan.rotated,
        plan.images_step, plan.weights_step, plan.sums_step, plan.whole, plan.own, plan.sums_at, plan.grid_at,
    )  # fmt: skip
    return not checks.any()
