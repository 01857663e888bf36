"""Products of matrices whose elements may lie anywhere: out[r, c] = sum over k of a[r, k] b[k, c].

A block of 256 threads computes a tile of 64 rows and 64 columns, each thread 4 x 4 of it in registers. It takes 8 k at
a time: each thread loads two elements of a and two of b, all of them meet in shared memory, and while the tile is
summed up from there the next elements are on their way. There are two buffers, so that one barrier a step is enough:
who has passed it knows that all have left the buffer of the step before.

Where the elements lie is said by device functions, which become part of the kernel: a convolution is a product that
reads images in place. Where there are few tiles, k is cut into chunks, by the sizes alone; each chunk's sums go to
scratch, and a second kernel adds them in order. No two threads write one element.
"""

from typing import Any

import numpy as np

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import BLOCK, Kernel, kernel
from minigrad_kernels.cuda.language import cuda, device, first_index, grid_threads, uint32, uint64
from minigrad_kernels.cuda.launch import ceil_div, launch, launch_blocks

SIDE = 64
STEP = 8
OWN = 4
PADDING = 4  # spreads writes over the banks of shared memory, and keeps four elements side by side aligned

BLOCKS = 512  # enough to fill a large device
LEAST_CHUNK = 256

_BUFFERS = (2, STEP, SIDE + PADDING)
_SUMS = (OWN, OWN)
_TURNS = SIDE * STEP // BLOCK
_ACROSS = np.uint32(SIDE // OWN)
ALONG_K = np.uint32(3), np.uint32(0)
ALONG_ROWS = np.uint32(0), np.uint32(6)
"""By how much the number of a thread is shifted for its row and its k in a tile."""

_SIDE, _STEP, _OWN, _THREADS, _ZERO, _ONE = map(np.uint32, (SIDE, STEP, OWN, BLOCK, 0, 1))


@device
def divide(n, divisor):
    """Return n // d, for n below 2**31, with a multiplication by what `reciprocal` made of d."""
    return uint32(uint64(uint32(n + n)) * uint64(uint32(divisor)) >> uint64(32)) >> uint32(divisor >> uint64(32))


@device
def _divmod(n, d):
    quotient = uint32(n // d)
    return quotient, uint32(n - quotient * d)


@device
def split(n, rows, row, by_rows, by_row):
    """Return the indices (i, j, k) of element n of an array of shape (any, rows, row)."""
    line = divide(n, by_row)
    outer = divide(line, by_rows)
    return outer, uint32(line - outer * rows), uint32(n - line * row)


def reciprocal(d: int) -> int:
    """Return floor(2**(31 + s) / d) + 1 in the low word, with d <= 2**s < 2 d, and s in the high one.

    Source: Granlund and Montgomery, Division by invariant integers using multiplication, 1994, section 4.
    """
    shift = (max(d, 1) - 1).bit_length()
    return shift << 32 | ((1 << 31 + shift) // max(d, 1) + 1)


def _loader(load: Any) -> Any:
    @device
    def place(turn, shifts):
        element = uint32(uint32(cuda.threadIdx.x) + uint32(turn) * _THREADS)
        return (element >> shifts[0]) % _SIDE, (element >> shifts[1]) % _STEP

    @device
    def fetch(values, operands, where, shifts, first, length, k, last):
        for turn in range(_TURNS):
            row, step = place(turn, shifts)
            row, step = uint32(first + row), uint32(k + step)
            inside = row < length and step < last
            values[turn] = load(operands, where, row, step) if inside else values.dtype.type(0)

    @device
    def put(tile, buffer, values, shifts):
        for turn in range(_TURNS):
            row, step = place(turn, shifts)
            tile[buffer, step, row] = values[turn]

    return fetch, put


@device
def _add_product(step, buffer, sums, tile_a, tile_b, row, column):
    own_a = cuda.local.array(OWN, sums.dtype)
    own_b = cuda.local.array(OWN, sums.dtype)
    for i in range(_OWN):
        own_a[i] = tile_a[buffer, step, uint32(row + i)]
        own_b[i] = tile_b[buffer, step, uint32(column + i)]
    for i in range(_OWN):
        for j in range(_OWN):
            sums[i, j] += own_a[i] * own_b[j]


def _unrolled(function: Any, steps: int) -> Any:
    """Make a device function that calls another for each step: a loop, the compiler would unroll in part alone."""
    if steps == 1:
        return function
    middle, half = np.uint32(steps // 2), _unrolled(function, steps // 2)

    @device
    def both(step, buffer, sums, tile_a, tile_b, row, column):
        half(step, buffer, sums, tile_a, tile_b, row, column)
        half(uint32(step + middle), buffer, sums, tile_a, tile_b, row, column)

    return both


def tiled_product(locate: Any, load_a: Any, load_b: Any, enter: Any, store: Any) -> Any:
    """Make the device function that is the body of a kernel, of those that know where elements lie.

    Parameters
    ----------
    locate
        (words, batch) -> depth, order_a, order_b, where: how many k there are; ALONG_K or ALONG_ROWS, whichever is
        along memory; and what the others need to know, computed once.
    load_a, load_b
        (operands, where, row or column, k) -> element.
    enter
        (where, column) -> what `store` needs to know of a column.
    store
        (out, start, operands, where, row, what `enter` returned, sum): writes out, which begins at `start`, 0 for the
        first chunk.
    """
    fetch_a, put_a = _loader(load_a)
    fetch_b, put_b = _loader(load_b)
    add_products = _unrolled(_add_product, STEP)

    @device
    def product(out, operands, rows, columns, chunk, chunks, words):
        tile_a = cuda.shared.array(_BUFFERS, out.dtype)
        tile_b = cuda.shared.array(_BUFFERS, out.dtype)
        next_a = cuda.local.array(_TURNS, out.dtype)
        next_b = cuda.local.array(_TURNS, out.dtype)
        sums = cuda.local.array(_SUMS, out.dtype)
        for i in range(OWN):
            for j in range(OWN):
                sums[i, j] = out.dtype.type(0)

        down, across = uint32((rows + _SIDE - _ONE) // _SIDE), uint32((columns + _SIDE - _ONE) // _SIDE)
        tile_row, tile_column = _divmod(uint32(cuda.blockIdx.x), across)
        number, tile_row = _divmod(tile_row, down)
        batch, number = _divmod(number, chunks)
        first_row, first_column = uint32(tile_row * _SIDE), uint32(tile_column * _SIDE)

        depth, order_a, order_b, where = locate(words, batch)
        k = uint32(number * chunk)
        last = uint32(k + chunk) if k + chunk < depth else depth
        row = uint32(uint32(cuda.threadIdx.x) // _ACROSS * _OWN)
        column = uint32(uint32(cuda.threadIdx.x) % _ACROSS * _OWN)

        buffer = _ZERO
        fetch_a(next_a, operands, where, order_a, first_row, rows, k, last)
        fetch_b(next_b, operands, where, order_b, first_column, columns, k, last)
        while k < last:
            put_a(tile_a, buffer, next_a, order_a)
            put_b(tile_b, buffer, next_b, order_b)
            cuda.syncthreads()
            k = uint32(k + _STEP)
            fetch_a(next_a, operands, where, order_a, first_row, rows, k, last)
            fetch_b(next_b, operands, where, order_b, first_column, columns, k, last)
            add_products(_ZERO, buffer, sums, tile_a, tile_b, row, column)
            buffer = uint32(_ONE - buffer)

        start = uint32(number * (uint32(out.size) // chunks))
        for j in range(_OWN):
            if first_column + column + j < columns:
                entered = enter(where, uint32(first_column + column + j))
                for i in range(_OWN):
                    if first_row + row + i < rows:
                        store(out, start, operands, where, uint32(first_row + row + i), entered, sums[i, j])

    return product


@kernel("out T1", "in T1", "uint", "uint")
def _add_chunks(out, sums, size, chunks):
    for i in range(first_index(), size, grid_threads()):
        total = sums[i]
        for chunk in range(_ONE, chunks):
            total += sums[uint32(chunk * size + i)]
        out[i] = total


Sizes = tuple[int, int, int, int]
"""Batches, rows, columns and depth of products."""


def chunks_of(batches: int, rows: int, columns: int, depth: int) -> tuple[int, int]:
    """Return the length of a chunk of k and the number of chunks."""
    tiles = batches * ceil_div(rows, SIDE) * ceil_div(columns, SIDE)
    count = max(min(BLOCKS // max(tiles, 1), depth // LEAST_CHUNK), 1)
    chunk = max(ceil_div(ceil_div(depth, count), STEP), 1) * STEP
    return chunk, max(ceil_div(depth, chunk), 1)


def scratch_bytes(out: DeviceArray, batches: int, rows: int, columns: int, depth: int) -> int:
    """Return the bytes that the sums of the chunks take, 0 if there is one alone."""
    _, chunks = chunks_of(batches, rows, columns, depth)
    return chunks * out.nbytes if chunks > 1 else 0


def multiply(
    product: Kernel,
    out: DeviceArray,
    operands: tuple[DeviceArray, ...],
    scratch: DeviceArray,
    sizes: Sizes,
    words: tuple[int, ...],
) -> None:
    """Run a kernel over all tiles and chunks, and add up the chunks."""
    batches, rows, columns, _ = sizes
    chunk, chunks = chunks_of(*sizes)
    target = out.reshape(-1)
    if chunks > 1:
        target = DeviceArray(scratch.memory, (chunks * out.size,), out.dtype, None, scratch.offset)
    blocks = batches * ceil_div(rows, SIDE) * ceil_div(columns, SIDE) * chunks
    launch_blocks(product, (blocks,), target, *operands, rows, columns, chunk, chunks, *words)
    if chunks > 1:
        launch(_add_chunks, out.size, out.reshape(-1), target, out.size, chunks)
