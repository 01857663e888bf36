"""Local response normalisation over neighbouring channels, and its gradient.

    s[n, c, p] = k + alpha / size * sum of x[n, j, p]**2 for c - size // 2 <= j <= c + (size - 1) // 2
    local_response_norm              out = x s**-beta
    local_response_norm_input_grad   dx[j] = dy[j] s[j]**-beta - 2 alpha beta / size x[j] * sum of t[c] for the c that
                                     have j in their window,  t = dy x s**(-beta - 1)

p counts the places of a plane. A task is a block of places of one image, so that the rows of a window stay in L1.
Loops: c; a vector of places; the rows of the window, summed in a register. The gradient keeps t in a ring of as many
rows as a window has: when t of the next channel replaces the oldest, all rows together are the window of a channel
before it, and rows outside the channels are zero. AlexNet's power, 0.75, is two square roots, which are vectors.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from minigrad_kernels.cpu import team, threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.simd import VectorBuilder, aligned, aligned_bytes

Array = NDArray[Any]

BLOCK = 512
ELEMENT_NANOSECONDS = 1.0

# Without arcp, which lets LLVM divide float32 by an estimate that makes NaN of x / infinity.
FASTMATH = ("contract", "nsz")
INT64 = ir.IntType(64)


def local_response_norm(out_nchw: Array, x_nchw: Array, size: int, alpha: float, beta: float, k: float) -> None:
    """Divide x by the power beta of k + alpha / size times the sum of squares over a window of channels."""
    out, x = _planes(out_nchw), _planes(x_nchw)
    work = x.size * ELEMENT_NANOSECONDS
    team.run(_local_response_norm, _tasks(x), work, out, x, *_window(size, x), alpha / size, beta, k)


def local_response_norm_input_grad_scratch_bytes(
    dx_nchw: Array, dy_nchw: Array, x_nchw: Array, size: int, alpha: float, beta: float, k: float
) -> int:
    """Return the bytes of a ring of rows, and one row, for each thread."""
    before, after = _window(size, x_nchw)
    return aligned_bytes(threads.get_num_threads() * (before + after + 2) * BLOCK, x_nchw.itemsize)


def local_response_norm_input_grad(
    dx_nchw: Array, dy_nchw: Array, x_nchw: Array, size: int, alpha: float, beta: float, k: float,
    scratch: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Write dy over the power, less what an input weighs in the scales of its neighbours."""
    dx, dy, x = _planes(dx_nchw), _planes(dy_nchw), _planes(x_nchw)
    work = 2 * x.size * ELEMENT_NANOSECONDS
    arguments = (*_window(size, x), alpha / size, beta, k, aligned(scratch, x.dtype))
    team.run(_local_response_norm_input_grad, _tasks(x), work, dx, dy, x, *arguments)


def _planes(array_nchw: Array) -> Array:
    batch, channels, *sides = array_nchw.shape
    return array_nchw.reshape(batch, channels, math.prod(sides))


def _tasks(x_ncp: Array) -> int:
    batch, _, places = x_ncp.shape
    return batch * -(-places // BLOCK)


def _window(size: int, x_nchw: Array) -> tuple[int, int]:
    """Channels before and after its own that a window reaches, if there are so many."""
    most = max(x_nchw.shape[1] - 1, 0)
    return min(size // 2, most), min((size - 1) // 2, most)


@intrinsic(prefer_literal=True)
def _sum_rows(typing_context: Any, out: Any, x: Any, x_at: Any, step: Any, rows: Any, squared: Any) -> Any:
    """out[p] = sum over rows of x[x_at + row * step + p], or with squared, a literal 1, of its square."""
    signature = types.void(out, x, types.intp, types.intp, types.intp, squared)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        out_type, x_type, *_, squared = signature.args
        out, x, x_at, step, rows, _ = arguments
        vector = VectorBuilder(context, builder, out_type.dtype)
        x = vector.address(vector.data(x_type, x), x_at)
        count = builder.extract_value(context.make_array(out_type)(context, builder, out).shape, 0)
        one, lanes = ir.Constant(vector.type, [1.0] * vector.lanes), INT64(vector.lanes)
        total = cgutils.alloca_once(builder, vector.type)
        with cgutils.for_range_slice(builder, INT64(0), count, lanes, intp=INT64, inc=True) as (place, _):
            mask = vector.lanes_between(INT64(0), builder.sub(count, place))
            builder.store(vector.zero, total)
            with cgutils.for_range(builder, rows) as row:
                values = vector.load_masked(vector.address(x, place, builder.mul(row.index, step)), mask)
                factor = values if squared.literal_value else one
                builder.store(vector.multiply_add(values, factor, builder.load(total)), total)
            vector.store_masked(builder.load(total), vector.address(vector.data(out_type, out), place), mask)
        return context.get_dummy_value()

    return signature, codegen


def _powers(row, factor, beta, k):
    """Replace sums of squares by s**beta; AlexNet's power is two square roots, which are vectors."""
    if beta == 0.75:
        for p in range(len(row)):
            root = np.sqrt(k + factor * row[p])
            row[p] = root * np.sqrt(root)
    else:
        for p in range(len(row)):
            row[p] = (k + factor * row[p]) ** beta


_powers = helper(_powers, fastmath=FASTMATH)


@kernel("out T3", "in T3", "int", "int", "T", "T", "T", fastmath=FASTMATH)
def _local_response_norm(begin, end, worker, out_ncp, x_ncp, before, after, factor, beta, k):
    _, channels, places = x_ncp.shape
    blocks = (places + BLOCK - 1) // BLOCK
    for task in range(begin, end):
        n, place = task // blocks, task % blocks * BLOCK
        last_place = min(place + BLOCK, places)
        for c in range(channels):
            out, x = out_ncp[n, c, place:last_place], x_ncp[n, c, place:last_place]
            first, last = max(0, c - before), min(channels, c + after + 1)
            _sum_rows(out, x_ncp, (n * channels + first) * places + place, places, last - first, 1)
            _powers(out, factor, beta, k)
            for p in range(len(out)):
                out[p] = x[p] / out[p]


@kernel("out T3", "in T3", "in T3", "int", "int", "T", "T", "T", "out T1", fastmath=FASTMATH)
def _local_response_norm_input_grad(begin, end, worker, dx_ncp, dy_ncp, x_ncp, before, after, factor, beta, k, scratch):
    _, channels, places = x_ncp.shape
    blocks = (places + BLOCK - 1) // BLOCK
    rows = before + after + 1
    scratch = scratch[worker * (rows + 1) * BLOCK : (worker + 1) * (rows + 1) * BLOCK].reshape(rows + 1, BLOCK)
    ring = scratch[:rows]
    slope = 2 * factor * beta
    for task in range(begin, end):
        n, place = task // blocks, task % blocks * BLOCK
        last_place = min(place + BLOCK, places)
        total = scratch[rows, : last_place - place]
        ring[:] = 0
        for c in range(channels + before):
            t = ring[c % rows, : last_place - place]
            if c < channels:
                dx, dy = dx_ncp[n, c, place:last_place], dy_ncp[n, c, place:last_place]
                x = x_ncp[n, c, place:last_place]
                first, last = max(0, c - before), min(channels, c + after + 1)
                _sum_rows(total, x_ncp, (n * channels + first) * places + place, places, last - first, 1)
                for p in range(len(t)):
                    t[p] = k + factor * total[p]
                _powers(total, factor, beta, k)
                for p in range(len(t)):
                    dx[p] = dy[p] / total[p]
                    t[p] = dx[p] * x[p] / t[p]
            else:
                t[:] = 0
            j = c - before
            if j >= 0:
                dx, x = dx_ncp[n, j, place:last_place], x_ncp[n, j, place:last_place]
                _sum_rows(total, ring, 0, BLOCK, rows, 0)
                for p in range(len(dx)):
                    dx[p] -= slope * x[p] * total[p]
