"""wip"""
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import helper, kernel
from minigrad_kernels.cpu.conv_plan import ceil_div, divide
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, panel_tile
from minigrad_kernels.cpu.winograd_lanes import lanes_to_pixels, pixels_to_lanes, transform_out, transform_source, transform_weights
from minigrad_kernels.cpu.winograd_plan import BLOCK, LANES, PLACES, Plan


@helper
def load_rows(space, at, pitch, planes, planes_at, plane, channels, width, count):
    """Write count pixels of rows of so many to a grid whose rows are pitch pixels apart."""
    gap = (pitch - width) * LANES
    for p in range(0, count, LANES):
        pixels_to_lanes(space, at + p * LANES + p // width * gap, p % width, width, gap, planes, planes_at + p, plane, channels, count - p)


@helper
def transform_images(space, out_at, step, grid_at, tiles, x_nchw, g, channels, n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w, c_begin, c_end):
    height, width = x_nchw.shape[2], x_nchw.shape[3]
    plane, x = height * width, x_nchw.reshape(-1)
    pitch = 4 * tiles_w + 2
    top, bottom = max(4 * y_begin - pad_h, 0), min(4 * y_end + 2 - pad_h, height)
    first = grid_at + ((top - 4 * y_begin + pad_h) * pitch + pad_w) * LANES
    space[grid_at : grid_at + (4 * (y_end - y_begin) + 2) * pitch * LANES] = 0
    for n in range(n_begin, n_end):
        for c in range(c_begin, c_end, LANES):
            load_rows(space, first, pitch, x, (n * x_nchw.shape[1] + g * channels + c) * plane + top * width, plane, min(LANES, channels - c), width, (bottom - top) * width)
            place = out_at + (c // BLOCK * tiles + (n - n_begin) * (y_end - y_begin) * tiles_w) * BLOCK + c % BLOCK
            for y in range(y_end - y_begin):
                for z in range(tiles_w):
                    transform_source(space, place, 6 * step, step, space, grid_at + (y * pitch + z) * 4 * LANES, pitch * LANES, LANES)
                    place += BLOCK


@helper
def make_weights(space, out_at, step, taps_at, weights, first, depth, outputs, depth_step, output_step, rotated):
    tap_at, tap_step = (taps_at + 8 * LANES, -LANES) if rotated else (taps_at, LANES)
    for k in range(depth):
        for o in range(0, outputs, LANES):
            for t in range(0, 9, LANES):
                pixels_to_lanes(space, taps_at + t * LANES, 0, 9, 0, weights, first + k * depth_step + o * output_step + t, output_step, outputs - o, 9 - t)
            transform_weights(space, out_at + k * BLOCK + o, 6 * step, step, space, tap_at, 3 * tap_step, tap_step)


@kernel("out float32_1", "in float32_1", *["int"] * 11)
def _transform_weights(begin, end, worker, space, weights, groups, channels, outputs, group_step, channel_step, output_step, rotated, step, size, own_at, own):
    blocks = (outputs + BLOCK - 1) // BLOCK
    for task in range(begin, end):
        g, o = task // blocks, task % blocks * BLOCK
        make_weights(space, task * size, step, own_at + worker * own, weights, g * group_step + o * output_step, channels, min(BLOCK, outputs - o), channel_step, output_step, rotated)


@kernel("out float32_1", "in float32_4", *["int"] * 13)
def _transform_images(begin, end, worker, space, x_nchw, groups, pad_h, pad_w, images, rows, tiles_h, tiles_w, tiles, step, size, own_at, own, bands):
    batch = x_nchw.shape[0]
    channels = x_nchw.shape[1] // groups
    blocks = (channels + BLOCK - 1) // BLOCK
    sets = (batch + images - 1) // images
    for task in range(begin, end):
        b, group = task % blocks, task // blocks
        y, n, g = group % bands * rows, group // bands % sets * images, group // bands // sets
        transform_images(space, group * size, step, own_at + worker * own, tiles, x_nchw, g, channels, n, min(n + images, batch), y, min(y + rows, tiles_h), tiles_w, pad_h, pad_w, b * BLOCK, min((b + 1) * BLOCK, channels))


@kernel("out float32_4", "in float32_4", "in float32_1", "in float32_1", "in int64_1", "out float32_1", *["int"] * 24)
def _multiply(begin, end, worker, out_nohw, x_nchw, weights, bias, steps, space, groups, pad_h, pad_w, images, rows, tiles, tile, images_first, parts, depth, weights_step, images_step, sums_step, group_step, channel_step, output_step, rotated, own_at, own, sums_at, grid_at, bands, blocks, tiles_h):
    batch, channels = x_nchw.shape[0], x_nchw.shape[1] // groups
    outputs, height, width = out_nohw.shape[1] // groups, out_nohw.shape[2], out_nohw.shape[3]
    tiles_w = (width + 3) // 4
    sets = (batch + images - 1) // images
    out, plane = out_nohw.reshape(-1), height * width
    own_at += worker * own
    check_at, sums_at, grid_at = own_at, own_at + sums_at, own_at + grid_at
    own_at += LANES
    pitch = 4 * tiles_w
    gap = (pitch - width) * LANES
    for task in range(begin, end):
        part, group = task % parts, task // parts
        y_begin, n_begin, g = group % bands * rows, group // bands % sets * images, group // bands // sets
        y_end, n_end = min(y_begin + rows, tiles_h), min(n_begin + images, batch)
        n_tiles = (n_end - n_begin) * (y_end - y_begin) * tiles_w
        count = (min(4 * y_end, height) - 4 * y_begin) * width
        images_at = group * 36 * images_step
        if not images_first:
            images_at = own_at
            transform_images(space, images_at, images_step, grid_at, tiles, x_nchw, g, channels, n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w, 0, channels)
        for b in range(blocks * part // parts, blocks * (part + 1) // parts):
            o = b * BLOCK
            for c in range(0, channels, depth):
                n_terms = min(depth, channels - c)
                weights_at = (g * blocks + b) * 36 * weights_step
                if images_first:
                    weights_at = own_at
                    make_weights(space, weights_at, weights_step, grid_at, weights, g * group_step + c * channel_step + o * output_step, n_terms, min(BLOCK, outputs - o), channel_step, output_step, rotated)
                for place in range(36):
                    for t in range(0, n_tiles, tile):
                        panel_tile(min(tile, n_tiles - t), n_terms, space, images_at + place * images_step + t * BLOCK, steps[c:], BLOCK, space, weights_at + place * weights_step, space, sums_at + place * sums_step + t * BLOCK, c > 0)
            for n in range(n_begin, n_end):
                for first in range(o, min(o + BLOCK, outputs), LANES):
                    place = sums_at + (n - n_begin) * (y_end - y_begin) * tiles_w * BLOCK + first - o
                    for y in range(y_end - y_begin):
                        for x in range(tiles_w):
                            transform_out(space, grid_at + (y * pitch + x) * 4 * LANES, pitch * LANES, LANES, space, place, 6 * sums_step, sums_step)
                            place += BLOCK
                    channel = g * outputs + first
                    out_at = (n * out_nohw.shape[1] + channel) * plane + 4 * y_begin * width
                    for p in range(0, count, LANES):
                        lanes_to_pixels(out, out_at + p, plane, min(LANES, outputs - first), count - p, space, grid_at + p * LANES + p // width * gap, p % width, width, gap, bias, channel, space, check_at)
from minigrad_kernels.cpu.winograd_plan import cut_tiles
def winograd(out, x, w, bias, pads, groups, steps3, rotated, target=64, images_first=None, depth=64):
    batch, channels, height, width = x.shape
    channels //= groups
    outputs, out_h, out_w = out.shape[1] // groups, *out.shape[2:]
    all_tiles=batch*ceil_div(out_h,4)*ceil_div(out_w,4)
    if images_first is None: images_first = all_tiles < outputs
    tl = cut_tiles(batch, out_h, out_w, target)
    if not images_first: depth=channels
    depth=min(depth,channels)
    tiles=tl.most
    blocks, cblocks = ceil_div(outputs, BLOCK), ceil_div(channels, BLOCK)
    u_step = depth * BLOCK + LANES
    v_step, m_step = cblocks * tiles * BLOCK + LANES, tiles * BLOCK + LANES
    whole = groups*tl.groups*36*v_step if images_first else groups*blocks*36*u_step
    first = 36*u_step if images_first else 36*v_step
    sums_at = first + LANES
    grid_at = sums_at + 36*m_step
    own = grid_at + tl.grid
    nt = threads.get_num_threads()
    space = np.empty(whole+nt*own, np.float32)
    space[whole:].reshape(nt,own)[:,:LANES]=0
    gs, cs, os_ = steps3
    k = np.arange(channels)
    steps = k // BLOCK * tiles * BLOCK + k % BLOCK
    if images_first:
        threads.run(_transform_images, groups*tl.groups*cblocks, 1e9, space, x, groups, *pads, tl.images, tl.rows, tl.height, tl.width, tiles, v_step, 36*v_step, whole+grid_at, own, tl.bands)
    else:
        threads.run(_transform_weights, groups * blocks, 1e9, space, w.reshape(-1), groups, channels, outputs, gs, cs, os_, int(rotated), u_step, 36*u_step, whole+grid_at, own)
    parts = blocks if images_first else 1
    threads.run(_multiply, groups*tl.groups*parts, 1e9, out, x, w.reshape(-1), bias, steps, space, groups, *pads, tl.images, tl.rows, tiles, divide(tiles, PRODUCT_ROWS), int(images_first), parts, depth, u_step, v_step, m_step, gs, cs, os_, int(rotated), whole, own, sums_at, grid_at, tl.bands, blocks, tl.height)
    return space[whole:].reshape(nt,own)[:,:LANES].any()
