"""How a product of matrices is run: in which tiles, and in how many chunks.

Where there are few tiles, k is cut into chunks, by the sizes alone, so that results do not depend on the device. Each
chunk's sums go to scratch. A second kernel adds them in a fixed order: the threads of a block are 8 for each of 32
elements, each adds up every eighth chunk, and the first one what they have. No two threads write one element.
"""

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import BLOCK, Kernel, kernel
from minigrad_kernels.cuda.language import cuda, uint32
from minigrad_kernels.cuda.launch import ceil_div, launch_blocks
from minigrad_kernels.cuda.tile import FLAT, LARGE, SQUARE, STEP, Tile

BLOCKS = 512  # enough to fill a large device
LEAST_CHUNK = 256
WARP = 32

_WARP, _PARTS, _ZERO, _ONE = map(np.uint32, (WARP, BLOCK // WARP, 0, 1))


@kernel("out T1", "in T1", "uint", "uint", "T")
def _add_chunks(out, sums, size, chunks, least):
    totals = cuda.shared.array(BLOCK, out.dtype)
    thread = uint32(cuda.threadIdx.x)
    part, i = uint32(thread // _WARP), uint32(uint32(cuda.blockIdx.x) * _WARP + thread % _WARP)
    total = out.dtype.type(0)
    if i < size:
        for chunk in range(part, chunks, _PARTS):
            total += sums[uint32(chunk * size + i)]
    totals[thread] = total
    cuda.syncthreads()
    if part == _ZERO and i < size:
        for other in range(_ONE, _PARTS):
            total += totals[uint32(other * _WARP + thread)]
        out[i] = least if total <= least else total


class Sizes(NamedTuple):
    """How many products there are, and of which sizes."""

    batches: int
    rows: int
    columns: int
    depth: int

    def tiles(self, tile: Tile) -> int:
        """Return the number of tiles."""
        return self.batches * ceil_div(self.rows, tile.rows) * ceil_div(self.columns, tile.columns)


def chunks_of(sizes: Sizes, tile: Tile) -> tuple[int, int]:
    """Return the length of a chunk of k and the number of chunks."""
    count = max(min(BLOCKS // max(sizes.tiles(tile), 1), sizes.depth // LEAST_CHUNK), 1)
    chunk = max(ceil_div(ceil_div(sizes.depth, count), STEP), 1) * STEP
    return chunk, max(ceil_div(sizes.depth, chunk), 1)


class Product:
    """A kind of product, with a kernel for each of some tiles."""

    def __init__(self, make: Callable[[Tile], Kernel], tiles: Iterable[Tile]) -> None:
        self.kernels = {tile: make(tile) for tile in tiles}

    def tile(self, dtype: np.dtype, sizes: Sizes) -> Tile:
        """Return the tile for a product of these sizes."""
        if FLAT in self.kernels and sizes.rows <= FLAT.rows:
            return FLAT
        is_large = sizes.tiles(LARGE) >= BLOCKS // 2 and dtype.name in LARGE.dtypes
        return LARGE if LARGE in self.kernels and is_large else SQUARE

    def scratch_bytes(self, out: DeviceArray, sizes: Sizes) -> int:
        """Return the bytes that the sums of the chunks take, 0 if there is one alone."""
        _, chunks = chunks_of(sizes, self.tile(out.dtype, sizes))
        return chunks * out.nbytes if chunks > 1 else 0

    def run(
        self,
        out: DeviceArray,
        operands: tuple[DeviceArray, ...],
        scratch: DeviceArray,
        sizes: Sizes,
        words: Iterable[int],
        least: float = -math.inf,
    ) -> None:
        """Launch a block for each tile and chunk, and add up the chunks; what is below least becomes it."""
        tile = self.tile(out.dtype, sizes)
        chunk, chunks = chunks_of(sizes, tile)
        grid, given = (sizes.tiles(tile) * chunks,), (*operands, sizes.rows, sizes.columns, chunk, chunks)
        if chunks == 1:
            launch_blocks(self.kernels[tile], grid, out.reshape(-1), *given, least, *words)
        else:
            sums = DeviceArray(scratch.memory, (chunks * out.size,), out.dtype, None, scratch.offset)
            launch_blocks(self.kernels[tile], grid, sums, *given, -math.inf, *words)
            launch_blocks(_add_chunks, (ceil_div(out.size, WARP),), out.reshape(-1), sums, out.size, chunks, least)
