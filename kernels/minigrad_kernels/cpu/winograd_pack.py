"""Packing for Winograd's convolution: images, dy and weights become transformed tiles.

    space[at + place * step + (block of channels * tiles + tile) * BLOCK + channel of the block]

A task goes band by band of one image, LANES channels at a time: their pixels are brought into a grid, which holds
zeros around the image and stays in L1, and each tile of the grid is transformed.
"""

from minigrad_kernels.cpu.compiler import helper, kernel
from minigrad_kernels.cpu.winograd_lanes import pixels_to_lanes, transform_dy, transform_source, transform_weights
from minigrad_kernels.cpu.winograd_plan import BLOCK, LANES, OUT_TILE, PLACES, TILE

HALO = TILE - OUT_TILE
TAPS = 9


@helper
def bounds(group, batch, height, images, rows):
    """Return the first image and the end, the first row of tiles and the end, of a group of tiles."""
    bands = (height + rows - 1) // rows
    n, y = group // bands * images, group % bands * rows
    return n, min(n + images, batch), y, min(y + rows, height)


@helper
def _pack_rows(space, at, pitch, planes, planes_at, plane, channels, width, count):
    """Write count pixels, which come in rows of so many, to a grid of rows of pitch pixels."""
    gap = (pitch - width) * LANES
    for p in range(0, count, LANES):
        row = p // width
        pixels_to_lanes(
            space, at + p * LANES + row * gap, p - row * width, width, gap, planes, planes_at + p, plane, channels, count - p
        )


@helper
def pack_images(
    space, out_at, step, tiles, grid_at, x_nchw, g, channels, c_begin, c_end, n_begin, n_end, y_begin, y_end, tiles_w,
    pad_h, pad_w,
):  # fmt: skip
    """Write B^T x B for the tiles of some images and rows, and the channels from c_begin to c_end - 1 of group g."""
    height, width = x_nchw.shape[2], x_nchw.shape[3]
    x, plane, pitch, n_tiles = x_nchw.reshape(-1), height * width, OUT_TILE * tiles_w + HALO, (y_end - y_begin) * tiles_w
    first_row = OUT_TILE * y_begin - pad_h
    top, bottom = max(first_row, 0), min(OUT_TILE * y_end - pad_h + HALO, height)
    space[grid_at : grid_at + (OUT_TILE * (y_end - y_begin) + HALO) * pitch * LANES] = 0
    for n in range(n_begin, n_end):
        for c in range(c_begin, c_end, LANES):
            x_at = (n * x_nchw.shape[1] + g * channels + c) * plane + top * width
            _pack_rows(space, grid_at + ((top - first_row) * pitch + pad_w) * LANES, pitch,
                       x, x_at, plane, min(LANES, channels - c), width, (bottom - top) * width)  # fmt: skip
            at = out_at + (c // BLOCK * tiles + (n - n_begin) * n_tiles) * BLOCK + c % BLOCK
            for tile in range(n_tiles):
                y, x_tile = tile // tiles_w, tile % tiles_w
                transform_source(space, at + tile * BLOCK, TILE * step, step,
                                 space, grid_at + (y * pitch + x_tile) * OUT_TILE * LANES, pitch * LANES, LANES)  # fmt: skip


@helper
def pack_dy(
    space, out_at, step, tiles, grid_at, dy_nohw, g, outputs, o_begin, o_end, n_begin, n_end, y_begin, y_end, tiles_w
):
    """Write A dy A^T for the tiles of some images and rows, and the outputs from o_begin to o_end - 1 of group g."""
    height, width = dy_nohw.shape[2], dy_nohw.shape[3]
    dy, plane, pitch, n_tiles = dy_nohw.reshape(-1), height * width, OUT_TILE * tiles_w, (y_end - y_begin) * tiles_w
    top, bottom = OUT_TILE * y_begin, min(OUT_TILE * y_end, height)
    space[grid_at : grid_at + OUT_TILE * (y_end - y_begin) * pitch * LANES] = 0
    for n in range(n_begin, n_end):
        for o in range(o_begin, o_end, LANES):
            dy_at = (n * dy_nohw.shape[1] + g * outputs + o) * plane + top * width
            _pack_rows(space, grid_at, pitch, dy, dy_at, plane, min(LANES, outputs - o), width, (bottom - top) * width)
            at = out_at + ((o - o_begin) // BLOCK * tiles + (n - n_begin) * n_tiles) * BLOCK + o % BLOCK
            for tile in range(n_tiles):
                y, x = tile // tiles_w, tile % tiles_w
                transform_dy(space, at + tile * BLOCK, TILE * step, step,
                             space, grid_at + (y * pitch + x) * OUT_TILE * LANES, pitch * LANES, LANES)  # fmt: skip


@helper
def pack_weights(
    space, out_at, step, grid_at, weights, first, depth, outputs, channel_step, output_step, rotated
):
    """Write G w G^T for a block of outputs and `depth` channels, which lie so far apart; rotated by 180 degrees or not."""
    last = (TAPS - 1) * LANES
    taps_at, tap_step = (grid_at + last, -LANES) if rotated else (grid_at, LANES)
    for c in range(depth):
        for o in range(0, outputs, LANES):
            _pack_rows(space, grid_at, TAPS, weights, first + c * channel_step + o * output_step, output_step,
                       min(LANES, outputs - o), TAPS, TAPS)  # fmt: skip
            transform_weights(space, out_at + c * BLOCK + o, TILE * step, step, space, taps_at, 3 * tap_step, tap_step)


@kernel("out float32_1", "in float32_4", *["int"] * 12)
def pack_all_images(
    begin, end, worker, space, x_nchw, groups, pad_h, pad_w, images, rows, tiles_h, tiles_w, tiles, step,
    whole, own, grid_at,
):  # fmt: skip
    """A task is a block of channels of a group of tiles."""
    batch, channels = x_nchw.shape[0], x_nchw.shape[1] // groups
    blocks = (channels + BLOCK - 1) // BLOCK
    tile_groups = (batch + images - 1) // images * ((tiles_h + rows - 1) // rows)
    for task in range(begin, end):
        c, group, g = task % blocks * BLOCK, task // blocks % tile_groups, task // (blocks * tile_groups)
        n_begin, n_end, y_begin, y_end = bounds(group, batch, tiles_h, images, rows)
        pack_images(
            space, (g * tile_groups + group) * PLACES * step, step, tiles, whole + worker * own + grid_at,
            x_nchw, g, channels, c, min(c + BLOCK, channels), n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w,
        )  # fmt: skip


@kernel("out float32_1", "in float32_1", *["int"] * 11)
def pack_all_weights(
    begin, end, worker, space, weights, groups, channels, outputs, group_step, channel_step, output_step, rotated,
    step, whole, own, grid_at,
):  # fmt: skip
    """A task is a block of output channels."""
    blocks = (outputs + BLOCK - 1) // BLOCK
    for task in range(begin, end):
        g, o = task // blocks, task % blocks * BLOCK
        pack_weights(space, task * PLACES * step, step, whole + worker * own + grid_at, weights,
                     g * group_step + o * output_step, channels, min(BLOCK, outputs - o),
                     channel_step, output_step, rotated)  # fmt: skip
