"""Products of matrices whose elements may lie anywhere: out[r, c] = sum over k of a[r, k] b[k, c].

A block of 256 threads computes a tile of out, each thread a square of it in registers. It takes 8 k at a time: the
threads load a few elements of a and b each, all of them meet in shared memory, and while the tile is summed up from
there the next elements are on their way. There are two buffers, so that one barrier a step is enough: who has passed it
knows that all have left the buffer of the step before. No two threads write one element.

Where the elements lie is said by device functions, which become part of the kernel: a convolution is a product that
reads images in place. Results below `least` become it: 0 is ReLU, -inf changes none. `product.py` chooses tiles, and
cuts k into chunks where there are few.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad_kernels.cuda.compiler import BLOCK, FLOATS, Kernel, kernel
from minigrad_kernels.cuda.language import cuda, device, uint32, uint64


class Tile(NamedTuple):
    """Rows and columns of a tile, the side of the square of them that a thread has, and for which dtypes it is."""

    rows: int
    columns: int
    own: int
    dtypes: tuple[str, ...]


SQUARE = Tile(64, 64, 4, FLOATS)
FLAT = Tile(32, 128, 4, FLOATS)  # for images of few channels
LARGE = Tile(128, 128, 8, ("float32",))  # half the loads for each multiplication, and twice the registers

STEP = 8
PADDING = 4  # spreads writes over the banks of shared memory, and keeps four elements side by side aligned
BESIDE = 4  # elements that one instruction loads from shared memory

ALONG_K, ALONG_ROWS = np.uint32(1), np.uint32(0)
"""Whether the threads of a warp load along k, or along rows or columns."""

_SIZES = (*["uint"] * 4, "T")  # rows, columns, chunk, chunks, least: for `tiled_product`'s function
_STEP, _BESIDE, _THREADS, _ZERO, _ONE = map(np.uint32, (STEP, BESIDE, BLOCK, 0, 1))


@device
def no_entry(where, column):
    """Return the column: all that there is to know of it."""
    return column


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


def tiled_kernel(tile: Tile, inputs: int, *words: str) -> Callable[[Callable[..., None]], Kernel]:
    """Make a kernel that has the tile's size in its name, and takes out, so many inputs, `_SIZES`, and more words."""

    def decorate(function: Callable[..., None]) -> Kernel:
        function.__name__ += f"_{tile.rows}x{tile.columns}"
        return kernel("out T1", *["in T1"] * inputs, *_SIZES, *words, dtypes=tile.dtypes)(function)

    return decorate


def _loader(load: Any, side: int) -> Any:
    turns = side * STEP // BLOCK
    length_of_side, side_bits, step_bits = map(np.uint32, (side, side.bit_length() - 1, STEP.bit_length() - 1))

    @device
    def place(turn, along_k):
        element = uint32(uint32(cuda.threadIdx.x) + uint32(turn) * _THREADS)
        row = element >> (step_bits if along_k == _ONE else _ZERO)
        return row % length_of_side, (element >> (_ZERO if along_k == _ONE else side_bits)) % _STEP

    @device
    def fetch(values, operands, where, along_k, first, length, k, last):
        for turn in range(turns):
            row, step = place(turn, along_k)
            row, step = uint32(first + row), uint32(k + step)
            inside = row < length and step < last
            values[turn] = load(operands, where, row, step) if inside else values.dtype.type(0)

    @device
    def put(tile, buffer, values, along_k):
        for turn in range(turns):
            row, step = place(turn, along_k)
            tile[buffer, step, row] = values[turn]

    return fetch, put


def _adder(tile: Tile) -> Any:
    """Make the device functions that say where a thread's part of a tile lies, and that add a step's products to it."""
    size = tile.own
    own, across = np.uint32(size), np.uint32(tile.columns // size)
    down = np.uint32(tile.rows // size)

    @device
    def own_row(i):
        return uint32(i // _BESIDE * (down * _BESIDE) + uint32(cuda.threadIdx.x) // across * _BESIDE + i % _BESIDE)

    @device
    def own_column(j):
        return uint32(j // _BESIDE * (across * _BESIDE) + uint32(cuda.threadIdx.x) % across * _BESIDE + j % _BESIDE)

    @device
    def add(step, buffer, sums, tile_a, tile_b):
        own_a = cuda.local.array(size, sums.dtype)
        own_b = cuda.local.array(size, sums.dtype)
        for i in range(own):
            own_a[i] = tile_a[buffer, step, own_row(i)]
            own_b[i] = tile_b[buffer, step, own_column(i)]
        for i in range(own):
            for j in range(own):
                sums[i, j] += own_a[i] * own_b[j]

    return own_row, own_column, add


def _unrolled(function: Any, steps: int) -> Any:
    """Make a device function that calls another for each step: a loop, the compiler would unroll in part alone."""
    if steps == 1:
        return function
    middle, half = np.uint32(steps // 2), _unrolled(function, steps // 2)

    @device
    def both(step, buffer, sums, tile_a, tile_b):
        half(step, buffer, sums, tile_a, tile_b)
        half(uint32(step + middle), buffer, sums, tile_a, tile_b)

    return both


def tiled_product(tile: Tile, locate: Any, load_a: Any, load_b: Any, enter: Any, finish: Any) -> Any:
    """Make the device function that is the body of a kernel, of those that know where elements lie.

    Parameters
    ----------
    locate
        (words, batch) -> depth, order_a, order_b, where: how many k there are; for a and for b ALONG_K or ALONG_ROWS,
        whichever is along memory; and what the others need to know, computed once.
    load_a, load_b
        (operands, where, row or column, k) -> element.
    enter
        (where, column) -> what `finish` needs to know of a column.
    finish
        (operands, where, row, what `enter` returned, whether this is the first chunk, sum) -> place, exists, result:
        where in out the result goes, if it does, and the sum with what is added to it once.
    """
    fetch_a, put_a = _loader(load_a, tile.rows)
    fetch_b, put_b = _loader(load_b, tile.columns)
    own_row, own_column, add_product = _adder(tile)
    add_products = _unrolled(add_product, STEP)
    turns_a, turns_b = (side * STEP // BLOCK for side in tile[:2])
    buffers_a, buffers_b = ((2, STEP, side + PADDING) for side in tile[:2])
    size, square, own = tile.own, (tile.own, tile.own), np.uint32(tile.own)
    tile_rows, tile_columns = np.uint32(tile.rows), np.uint32(tile.columns)

    @device
    def product(out, operands, rows, columns, chunk, chunks, least, words):
        tile_a = cuda.shared.array(buffers_a, out.dtype)
        tile_b = cuda.shared.array(buffers_b, out.dtype)
        next_a = cuda.local.array(turns_a, out.dtype)
        next_b = cuda.local.array(turns_b, out.dtype)
        sums = cuda.local.array(square, out.dtype)
        for i in range(size):
            for j in range(size):
                sums[i, j] = out.dtype.type(0)

        down = uint32((rows + tile_rows - _ONE) // tile_rows)
        across = uint32((columns + tile_columns - _ONE) // tile_columns)
        tile_row, tile_column = _divmod(uint32(cuda.blockIdx.x), across)
        number, tile_row = _divmod(tile_row, down)
        batch, number = _divmod(number, chunks)
        first_row, first_column = uint32(tile_row * tile_rows), uint32(tile_column * tile_columns)

        depth, order_a, order_b, where = locate(words, batch)
        k = uint32(number * chunk)
        last = uint32(k + chunk) if k + chunk < depth else depth

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
            add_products(_ZERO, buffer, sums, tile_a, tile_b)
            buffer = uint32(_ONE - buffer)

        start = uint32(number * (uint32(out.size) // chunks))
        for j in range(own):
            column = uint32(first_column + own_column(j))
            if column < columns:
                entered = enter(where, column)
                for i in range(own):
                    row = uint32(first_row + own_row(i))
                    if row < rows:
                        at, exists, result = finish(operands, where, row, entered, number == _ZERO, sums[i, j])
                        if exists:
                            out[uint32(start + at)] = least if result <= least else result

    return product
