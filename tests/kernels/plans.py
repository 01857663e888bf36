"""How convolutions and products of matrices of well-known networks are computed: a line each, of plain numbers.

Which way is taken, and in what blocks, changes no result but by rounding; it decides on the speed, though, and should
change only where somebody means it. `plans.txt` holds the lines for each width of vectors. To write it anew:

    for bits in 128 256 512; do MINIGRAD_SIMD_BITS=$bits python -m tests.kernels.plans; done > tests/kernels/plans.txt
"""

import numpy as np

from minigrad_kernels.cpu import conv_plan, matmul_dot, matmul_packed, winograd_plan
from minigrad_kernels.cpu.conv_matrices_plan import matrix_products
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import PRODUCT_ROWS

HEAD = f"vectors of {VECTOR_BYTES} bytes, tiles of {PRODUCT_ROWS} rows"
# batch, channels, outputs, size of the image (or its height and width), kernel, stride, padding, groups
CONVOLUTIONS = [
    (16, 3, 96, 227, 11, 4, 0, 1),
    (1, 3, 64, 224, 7, 2, 3, 1),
    (16, 96, 256, 27, 5, 1, 2, 2),
    (64, 1, 6, 28, 5, 1, 2, 1),
    (64, 3, 32, 32, 3, 1, 1, 1),
    *((batch, 16, 16, 32, 3, 1, 1, 1) for batch in (1, 64)),
    *((batch, 20, 20, 16, 3, 1, 1, 1) for batch in (1, 64)),
    *((batch, 64, 64, 56, 3, 1, 1, 1) for batch in (1, 16)),
    (16, 128, 256, 28, 3, 2, 1, 1),
    *((batch, 256, 256, 14, 3, 1, 1, 1) for batch in (1, 16)),
    *((batch, 512, 512, 7, 3, 1, 1, 1) for batch in (1, 16)),
    *((batch, 64, 128, 4, 3, 1, 1, 1) for batch in (1, 8, 100)),
    *((16, 64, 64, size, 3, 1, 1, 1) for size in ((16, 200), (200, 16))),
    (16, 256, 64, 56, 1, 1, 0, 1),
    (16, 32, 32, 28, 3, 1, 1, 32),
    *((batch, 64, 10, 2, 2, 1, 0, 1) for batch in (1, 100)),
]
# batch, height, depth, width
PRODUCTS = [
    *((1, 64, 784, 100), (1, 1, 4096, 1000), (1, 128, 9216, 4096)),
    *((8, 50, 64, 50), (1, 130, 64, 200), (1, 1000, 10, 1000), (3, 7, 5, 2)),
]


def _gather(name: str, gather, channels: int, outputs: int, groups: int, itemsize: int) -> tuple[object, ...]:
    if name == "w":
        blocks = conv_plan.dot_blocks(gather, channels, groups, itemsize)
    else:
        blocks = conv_plan.product_blocks(gather, channels, outputs, itemsize)
    return "gather", blocks.channels, blocks.band, blocks.rows, blocks.plane, blocks.size


def _convolution(name, batch, channels, outputs, size, kernel, stride, pad, groups, dtype) -> tuple[object, ...]:
    window, itemsize = conv_plan.Window(stride, stride, pad, pad, 1, 1), np.dtype(dtype).itemsize
    in_size = size if isinstance(size, tuple) else (size, size)
    out_size = tuple((length + 2 * pad - kernel) // stride + 1 for length in in_size)
    x, y = np.empty((batch, channels, *in_size), dtype), np.empty((batch, outputs, *out_size), dtype)
    w_shape = (outputs, channels // groups, kernel, kernel)
    plan_of, arrays = {
        "y": (winograd_plan.forward_plan, (y, x)),
        "x": (winograd_plan.input_grad_plan, (x, y)),
        "w": (winograd_plan.weight_grad_plan, (x, y)),
    }[name]
    if plan := plan_of(w_shape, window, *arrays, groups):
        tiles = plan.tiles
        return "Winograd", plan.images_first, plan.parts, tiles.images, tiles.rows, plan.whole, plan.own
    if plan := matrix_products(name, x.shape, w_shape, y.shape, window, groups, itemsize):
        return "matrices", plan.left + plan.right, plan.block, plan.tile, plan.chunks, plan.parts, len(plan.runs)
    if name == "x":
        gather = conv_plan.input_grad_gather(kernel, kernel, *in_size, window)
        return _gather(name, gather, outputs // groups, channels // groups, groups, itemsize)
    gather = conv_plan.forward_gather(kernel, kernel, *out_size, window)
    return _gather(name, gather, channels // groups, outputs // groups, groups, itemsize)


def _product(batch: int, height: int, depth: int, width: int, dtype: str) -> tuple[object, ...]:
    a, columns = np.empty((batch, height, depth), dtype), np.empty((batch, width, depth), dtype)
    shape, itemsize = (batch, height, depth, width), a.itemsize
    way = "dots" if matmul_dot.is_dot(a, columns.transpose(0, 2, 1)) else "packed"
    return way, *matmul_packed._plan(*shape, itemsize), *matmul_dot._plan(*shape, itemsize)[:-1]


def lines() -> list[str]:
    """A line for each convolution and its gradients, and for each product, of this width of vectors."""
    found = []
    for dtype in ("float32", "float64"):
        for shape in CONVOLUTIONS:
            for name in ("y", "x", "w"):
                found.append(f"{dtype} {shape} {name}: {' '.join(map(str, _convolution(name, *shape, dtype)))}")
        for shape in PRODUCTS:
            found.append(f"{dtype} {shape}: {' '.join(map(str, _product(*shape, dtype)))}")
    return found


if __name__ == "__main__":
    print(HEAD, *lines(), "", sep="\n")
