"""wip"""
import numpy as np
from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import helper, kernel
from minigrad_kernels.cpu.conv_plan import ceil_div, divide
from minigrad_kernels.cpu.conv_dot import _add_chunks
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS, panel_tile
from minigrad_kernels.cpu.winograd import load_rows, transform_images, _transform_images
from minigrad_kernels.cpu.winograd_lanes import lanes_to_pixels, transform_grads, transform_sums
from minigrad_kernels.cpu.winograd_plan import BLOCK, LANES, PLACES, cut_tiles


@helper
def transform_dy(space, out_at, step, grid_at, tiles, dy_nohw, g, outputs, n_begin, n_end, y_begin, y_end, tiles_w, o_begin, o_end):
    height, width = dy_nohw.shape[2], dy_nohw.shape[3]
    plane, dy = height * width, dy_nohw.reshape(-1)
    pitch = 4 * tiles_w
    count = (min(4 * y_end, height) - 4 * y_begin) * width
    space[grid_at : grid_at + 4 * (y_end - y_begin) * pitch * LANES] = 0
    for n in range(n_begin, n_end):
        for o in range(o_begin, o_end, LANES):
            load_rows(space, grid_at, pitch, dy, (n * dy_nohw.shape[1] + g * outputs + o) * plane + 4 * y_begin * width, plane, min(LANES, outputs - o), width, count)
            place = out_at + ((o - o_begin) // BLOCK * tiles + (n - n_begin) * (y_end - y_begin) * tiles_w) * BLOCK + o % BLOCK
            for y in range(y_end - y_begin):
                for z in range(tiles_w):
                    transform_grads(space, place, 6 * step, step, space, grid_at + (y * pitch + z) * 4 * LANES, pitch * LANES, LANES)
                    place += BLOCK


@kernel("out float32_2", "in float32_4", "in float32_4", "in int64_1", "out float32_1", *["int"] * 21)
def _weight_grad(begin, end, worker, sums, x_nchw, dy_nohw, steps, space, groups, pad_h, pad_w, images, rows, bands, tiles_h, tiles, images_first, parts, chunks, images_step, grads_step, own_at, own, zeros_at, grads_at, cells_at, cells_step, grid_at, tile):
    batch, channels, outputs = x_nchw.shape[0], x_nchw.shape[1] // groups, dy_nohw.shape[1] // groups
    tiles_w = (dy_nohw.shape[3] + 3) // 4
    sets = (batch + images - 1) // images
    tile_groups = sets * bands
    o_blocks, c_blocks = (outputs + BLOCK - 1) // BLOCK, (channels + BLOCK - 1) // BLOCK
    own_at += worker * own
    check_at, zeros_at, grads_at, cells_at, grid_at = own_at, own_at + LANES, own_at + grads_at, own_at + cells_at, own_at + grid_at
    own_at += 2 * LANES
    for task in range(begin, end):
        part, g, chunk = task % parts, task // parts % groups, task // (parts * groups)
        b_begin, b_end = o_blocks * part // parts, o_blocks * (part + 1) // parts
        o_begin, o_end = b_begin * BLOCK, min(b_end * BLOCK, outputs)
        first, last = tile_groups * chunk // chunks, tile_groups * (chunk + 1) // chunks
        for group in range(first, last):
            y_begin, n_begin = group % bands * rows, group // bands * images
            y_end, n_end = min(y_begin + rows, tiles_h), min(n_begin + images, batch)
            n_tiles = (n_end - n_begin) * (y_end - y_begin) * tiles_w
            images_at = (g * tile_groups + group) * 36 * images_step
            if not images_first:
                images_at = own_at
                transform_images(space, images_at, images_step, grid_at, tiles, x_nchw, g, channels, n_begin, n_end, y_begin, y_end, tiles_w, pad_h, pad_w, 0, channels)
            transform_dy(space, grads_at, grads_step, grid_at, tiles, dy_nohw, g, outputs, n_begin, n_end, y_begin, y_end, tiles_w, o_begin, o_end)
            for b in range(b_begin, b_end):
                n_outputs = min(BLOCK, outputs - b * BLOCK)
                for c_block in range(c_blocks):
                    at = cells_at + ((b - b_begin) * c_blocks + c_block) * 36 * cells_step
                    for place in range(36):
                        for o in range(0, n_outputs, tile):
                            panel_tile(min(tile, n_outputs - o), n_tiles, space, grads_at + place * grads_step + (b - b_begin) * tiles * BLOCK + o, steps, 1, space, images_at + place * images_step + c_block * tiles * BLOCK, space, at + place * cells_step + o * BLOCK, group > first)
                    if group == last - 1:
                        for o in range(n_outputs):
                            for c in range(c_block * BLOCK, min((c_block + 1) * BLOCK, channels), LANES):
                                transform_sums(space, grid_at, 3 * LANES, LANES, space, at + o * BLOCK + c % BLOCK, 6 * cells_step, cells_step)
                                dw_at = ((g * outputs + b * BLOCK + o) * channels + c) * 9
                                for p in range(0, 9, LANES):
                                    lanes_to_pixels(sums[chunk], dw_at + p, 9, min(LANES, channels - c), 9 - p, space, grid_at + p * LANES, 0, 100, 0, space, zeros_at, space, check_at)


def weight_grad(dw, x, dy, pads, groups, target=48, images_first=None, chunks=16, parts=None):
    batch, channels, height, width = x.shape
    channels //= groups
    outputs, out_h, out_w = dy.shape[1] // groups, *dy.shape[2:]
    tl = cut_tiles(batch, out_h, out_w, target)
    all_tiles=batch*ceil_div(out_h,4)*ceil_div(out_w,4)
    if images_first is None: images_first = all_tiles <= outputs
    tiles=tl.most
    ob, cb = ceil_div(outputs, BLOCK), ceil_div(channels, BLOCK)
    chunks = 1 if images_first else min(tl.groups, chunks)
    if parts is None: parts = ob if images_first else 1
    pb = ceil_div(ob, parts)
    v_step = cb*tiles*BLOCK+LANES
    d_step = pb*tiles*BLOCK+LANES
    cells_step = BLOCK*BLOCK+LANES
    whole = groups*tl.groups*36*v_step if images_first else 0
    grads_at = 2*LANES + (0 if images_first else 36*v_step)
    cells_at = grads_at + 36*d_step
    grid_at = cells_at + pb*cb*36*cells_step
    own = grid_at + tl.grid
    nt = threads.get_num_threads()
    space = np.empty(whole+nt*own, np.float32)
    space[whole:].reshape(nt,own)[:,:2*LANES]=0
    steps = np.arange(tiles)*BLOCK
    flat = dw.reshape(1,-1)
    sums = np.empty((chunks,dw.size),np.float32) if chunks>1 else flat
    if images_first:
        threads.run(_transform_images, groups*tl.groups*cb, 1e9, space, x, groups, *pads, tl.images, tl.rows, tl.height, tl.width, tiles, v_step, 36*v_step, whole+grid_at, own, tl.bands)
    threads.run(_weight_grad, chunks*groups*parts, 1e9, sums, x, dy, steps, space, groups, *pads, tl.images, tl.rows, tl.bands, tl.height, tiles, int(images_first), parts, chunks, v_step, d_step, whole, own, 0, grads_at, cells_at, cells_step, grid_at, divide(BLOCK, PRODUCT_ROWS))
    if chunks>1: threads.run(_add_chunks, dw.size, chunks*dw.size/4, flat[0], sums)
    return space[whole:].reshape(nt,own)[:,:LANES].any()
