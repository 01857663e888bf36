"""Packing for Winograd's convolution: images, dy and weights become transformed tiles.

    packed[at + place * step + (block * tiles + tile) * BLOCK + channel of the block]      images and dy
    packed[at + place * step + source channel * BLOCK + result channel of the block]      weights

Whatever is packed goes through a grid, which stays in L1: a band of rows of one image and LANES channels, pixel by
pixel, with zeros around it.
"""

from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.winograd_lanes import pixels_to_lanes, transform_dy, transform_image, transform_weights
from minigrad_kernels.cpu.winograd_matrices import KERNEL, OUT_TILE, TILE
from minigrad_kernels.cpu.winograd_plan import BLOCK, HALO, LANES, PLACES, TAPS


@helper
def count_groups(batch, tiles_h, images, rows):
    """Return the number of groups of tiles."""
    return (batch + images - 1) // images * ((tiles_h + rows - 1) // rows)


@helper
def group_bounds(group, batch, tiles_h, images, rows):
    """Return the first image and the end, the first row of tiles and the end, of a group."""
    bands = (tiles_h + rows - 1) // rows
    n, y = group // bands * images, group % bands * rows
    return n, min(n + images, batch), y, min(y + rows, tiles_h)


@helper
def _load_rows(space, grid_at, pitch, planes, planes_at, plane, channels, width, count):
    """Bring count pixels, which come in rows of so many, to a grid of rows of pitch pixels."""
    gap = (pitch - width) * LANES
    for p in range(0, count, LANES):
        row = p // width
        pixels_to_lanes(space, grid_at + p * LANES + row * gap, p - row * width, width, gap,
                        planes, planes_at + p, plane, channels, count - p)  # fmt: skip


@helper
def pack_images(
    space, at, step, tiles, grid_at, x_nchw, g, channels, c_begin, c_end, n_begin, n_end, y_begin, y_end, tiles_w,
    pad_h, pad_w,
):  # fmt: skip
    """Write B^T x B for a group's tiles, of which there are up to `tiles`, and some channels of conv group g."""
    height, width = x_nchw.shape[2], x_nchw.shape[3]
    x, plane, pitch, n_tiles = (
        x_nchw.reshape(-1),
        height * width,
        OUT_TILE * tiles_w + HALO,
        (y_end - y_begin) * tiles_w,
    )
    first = OUT_TILE * y_begin - pad_h
    top, bottom = max(first, 0), min(OUT_TILE * y_end - pad_h + HALO, height)
    space[grid_at : grid_at + (OUT_TILE * (y_end - y_begin) + HALO) * pitch * LANES] = 0
    for n in range(n_begin, n_end):
        for c in range(c_begin, c_end, LANES):
            x_at = (n * x_nchw.shape[1] + g * channels + c) * plane + top * width
            _load_rows(space, grid_at + ((top - first) * pitch + pad_w) * LANES, pitch,
                       x, x_at, plane, min(LANES, channels - c), width, (bottom - top) * width)  # fmt: skip
            packed = at + (c // BLOCK * tiles + (n - n_begin) * n_tiles) * BLOCK + c % BLOCK
            for tile in range(n_tiles):
                corner = (tile // tiles_w * pitch + tile % tiles_w) * OUT_TILE
                transform_image(space, packed + tile * BLOCK, TILE * step, step,
                                space, grid_at + corner * LANES, pitch * LANES, LANES)  # fmt: skip


@helper
def pack_dy(
    space, at, step, tiles, grid_at, dy_nohw, g, outputs, o_begin, o_end, n_begin, n_end, y_begin, y_end, tiles_w
):
    """Write A dy A^T for a group's tiles, of which there are up to `tiles`, and some outputs of conv group g."""
    height, width = dy_nohw.shape[2], dy_nohw.shape[3]
    dy, plane, pitch, n_tiles = dy_nohw.reshape(-1), height * width, OUT_TILE * tiles_w, (y_end - y_begin) * tiles_w
    top, bottom = OUT_TILE * y_begin, min(OUT_TILE * y_end, height)
    space[grid_at : grid_at + OUT_TILE * (y_end - y_begin) * pitch * LANES] = 0
    for n in range(n_begin, n_end):
        for o in range(o_begin, o_end, LANES):
            dy_at = (n * dy_nohw.shape[1] + g * outputs + o) * plane + top * width
            _load_rows(space, grid_at, pitch, dy, dy_at, plane, min(LANES, outputs - o), width, (bottom - top) * width)
            packed = at + ((o - o_begin) // BLOCK * tiles + (n - n_begin) * n_tiles) * BLOCK + o % BLOCK
            for tile in range(n_tiles):
                corner = (tile // tiles_w * pitch + tile % tiles_w) * OUT_TILE
                transform_dy(space, packed + tile * BLOCK, TILE * step, step,
                             space, grid_at + corner * LANES, pitch * LANES, LANES)  # fmt: skip


@helper
def pack_weights(space, at, step, grid_at, weights, first, depth, outputs, channel_step, output_step, rotated):
    """Write G w G^T for `depth` source channels and a block of result channels; rotated: w by half a turn."""
    tap_at, tap_step = (grid_at + (TAPS - 1) * LANES, -LANES) if rotated else (grid_at, LANES)
    for c in range(depth):
        for o in range(0, outputs, LANES):
            _load_rows(space, grid_at, TAPS, weights, first + c * channel_step + o * output_step, output_step,
                       min(LANES, outputs - o), TAPS, TAPS)  # fmt: skip
            transform_weights(space, at + c * BLOCK + o, TILE * step, step, space, tap_at, KERNEL * tap_step, tap_step)


@kernel("out float32_1", "in float32_4", *["int"] * 12)
def pack_all_images(
    begin, end, worker, space, x_nchw, groups, pad_h, pad_w, images, rows, tiles_h, tiles_w, tiles, step,
    own_at, own, grid_at,
):  # fmt: skip
    """Pack the images from the beginning of space on; a task is a block of channels of a group of tiles."""
    batch, channels = x_nchw.shape[0], x_nchw.shape[1] // groups
    blocks, tile_groups = (channels + BLOCK - 1) // BLOCK, count_groups(batch, tiles_h, images, rows)
    for task in range(begin, end):
        c, group, g = task % blocks * BLOCK, task // blocks % tile_groups, task // (blocks * tile_groups)
        n_begin, n_end, y_begin, y_end = group_bounds(group, batch, tiles_h, images, rows)
        pack_images(
            space, task // blocks * PLACES * step, step, tiles, own_at + worker * own + grid_at,
            x_nchw, g, channels, c, min(c + BLOCK, channels), n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w,
        )  # fmt: skip


@kernel("out float32_1", "in float32_1", *["int"] * 11)
def pack_all_weights(
    begin, end, worker, space, weights, groups, channels, outputs, group_step, channel_step, output_step, rotated,
    step, own_at, own, grid_at,
):  # fmt: skip
    """Pack the weights from the beginning of space on; a task is a block of result channels."""
    blocks = (outputs + BLOCK - 1) // BLOCK
    for task in range(begin, end):
        g, o = task // blocks, task % blocks * BLOCK
        pack_weights(
            space, task * PLACES * step, step, own_at + worker * own + grid_at, weights,
            g * group_step + o * output_step, channels, min(BLOCK, outputs - o), channel_step, output_step, rotated,
        )  # fmt: skip
