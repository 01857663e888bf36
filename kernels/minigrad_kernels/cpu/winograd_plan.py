"""How Winograd's convolution is cut into tasks, and when it is used: plain numbers, computed once for each shape.

Tiles of 4x4 pixels of the result come in groups. Their transformed images, the weights, and the sums of products at the
36 places of a tile are what a task works on (winograd_product, winograd_dot); a plan says which of them are made
before, as a whole, and where everything lies in scratch. Sizes and places are in elements of float32.
"""

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.conv_plan import ENOUGH_TASKS, Window
from minigrad_kernels.cpu.cutting import ceil_div, divide
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import PRODUCT_VECTORS
from minigrad_kernels.cpu.winograd_matrices import KERNEL, OUT_TILE, TILE

HALO, PLACES, TAPS = TILE - OUT_TILE, TILE * TILE, KERNEL * KERNEL
# Channels are lanes of vectors, and come in blocks: the columns of a tile of a product.
LANES = VECTOR_BYTES // 4
BLOCK = PRODUCT_VECTORS * LANES
# From a place to the next, for the sums of a block of outputs and one of channels. As in all arrays of places it is an
# odd number of vectors: the 36 vectors of a tile, which are written together, meet different sets of the cache.
CELLS_STEP = BLOCK * BLOCK + LANES

# Tiles in a group: enough to amortise the reading of weights, few enough for images and sums to stay near L2. Where
# there would be few groups, they are smaller, down to the second number.
GROUP_TILES, LEAST_TILES = 64, 32
# Channels whose weights a task makes at once, if it makes them: 288 KiB with 64 bytes a vector.
BLOCK_DEPTH = 64
# The weight gradient transforms all images before where there are no more tiles than so many for each output channel.
WHOLE_TILES = 2

# What a channel of a tile costs, in multiplications: to transform x or dy, and to transform a result back.
IMAGE_COST, OUT_COST = 300, 180
# Winograd's convolution takes over from so many channels on, where its estimate is this part of the other ways'.
LEAST_CHANNELS, WORTH = 16, 0.75


def _is_enabled() -> bool:
    chosen = os.environ.get("MINIGRAD_WINOGRAD", "1")
    if chosen not in ("0", "1"):
        raise ValueError(f"MINIGRAD_WINOGRAD must be 0 or 1, got {chosen!r}")
    return chosen == "1"


ENABLED = _is_enabled()


@dataclass(frozen=True)
class Tiles:
    """The tiles of a batch, in groups: some rows of tiles of one image, or all tiles of several images."""

    batch: int
    height: int
    width: int
    images: int
    rows: int

    @property
    def count(self) -> int:
        """Number of tiles."""
        return self.batch * self.height * self.width

    @property
    def groups(self) -> int:
        """Number of groups."""
        return ceil_div(self.batch, self.images) * ceil_div(self.height, self.rows)

    @property
    def most(self) -> int:
        """Tiles in a group."""
        return self.images * self.rows * self.width

    @property
    def grid(self) -> int:
        """Elements of a grid: the pixels of a group's rows in one image, a halo, and what whole vectors run over."""
        return (OUT_TILE * self.rows + HALO + LANES) * (OUT_TILE * self.width + HALO) * LANES


def cut_tiles(batch: int, height: int, width: int, enough: int) -> Tiles:
    """Cut the tiles of images of height x width pixels into even groups: one, or `enough` if they are not too small."""
    rows, columns = ceil_div(height, OUT_TILE), ceil_div(width, OUT_TILE)
    count = batch * rows * columns
    most = GROUP_TILES if count <= GROUP_TILES else min(GROUP_TILES, max(LEAST_TILES, count // enough))
    return Tiles(batch, rows, columns, divide(batch, most // (rows * columns)), divide(rows, most // columns))


def _round_up(count: int, part: int = LANES) -> int:
    return ceil_div(count, part) * part


def _step(channels: int, tiles: int) -> int:
    """From a place to the next in an array [place][block of channels][tile][channel of the block]."""
    return _round_up(channels, BLOCK) * tiles + LANES


@dataclass(frozen=True, eq=False)
class ProductPlan:
    """How weights and images are multiplied.

    If the tiles make one group, the images are transformed first, as a whole. A task then takes a block of output
    channels, and makes its weights, `depth` channels at a time. If there are more groups, the weights are transformed
    first, and a task takes a group, and makes its images. What it makes, sums and grid lie in a thread's own memory.
    """

    tiles: Tiles
    groups: int
    pads: tuple[int, int]
    rotated: bool
    weight_steps: tuple[int, int, int]  # in the weights given: of a group, a source channel, a result channel
    images_first: bool
    parts: int
    depth: int
    terms: NDArray[np.int64]  # where each channel of an image lies
    images_step: int
    weights_step: int
    sums_step: int
    whole: int
    sums_at: int
    grid_at: int
    own: int


@dataclass(frozen=True, eq=False)
class DotPlan:
    """How the weight gradient is summed.

    If there are few tiles, the images are transformed first, as a whole, and a task takes a block of output channels.
    If there are many, their groups are cut into chunks, whose sums are added in the end, and a task takes a chunk. What
    it makes, sums and grid lie in a thread's own memory.
    """

    tiles: Tiles
    groups: int
    pads: tuple[int, int]
    images_first: bool
    parts: int
    chunks: int
    terms: NDArray[np.int64]  # where each tile of dy lies
    images_step: int
    dy_step: int
    sums_at: int
    whole: int
    dy_at: int
    cells_at: int
    grid_at: int
    own: int


def forward_plan(
    w_shape: tuple[int, ...], window: Window, out: NDArray[Any], source: NDArray[Any], groups: int
) -> ProductPlan | None:
    """Return the plan of a forward convolution, or None where Winograd's is not used."""
    pads = window.pad_h, window.pad_w
    return _product_plan(out.shape, source.shape[1], pads, groups, False) if _fits(w_shape, window, out) else None


def input_grad_plan(
    w_shape: tuple[int, ...], window: Window, out: NDArray[Any], source: NDArray[Any], groups: int
) -> ProductPlan | None:
    """Return the plan of an input gradient: the convolution of dy, padded the other way, with rotated weights."""
    pads = KERNEL - 1 - window.pad_h, KERNEL - 1 - window.pad_w
    return _product_plan(out.shape, source.shape[1], pads, groups, True) if _fits(w_shape, window, out) else None


def weight_grad_plan(
    w_shape: tuple[int, ...], window: Window, x: NDArray[Any], dy: NDArray[Any], groups: int
) -> DotPlan | None:
    """Return the plan of a weight gradient, or None where Winograd's is not used."""
    pads = window.pad_h, window.pad_w
    return _dot_plan(dy.shape, x.shape[1], pads, groups) if _fits(w_shape, window, dy) else None


def elements(plan: ProductPlan | DotPlan | None, zeros: int) -> int:
    """Return the elements of scratch that a plan takes, with so many zeros."""
    count = threads.get_num_threads()
    return 0 if plan is None else count * LANES + _round_up(zeros) + plan.whole + count * plan.own


def divide_scratch(scratch: NDArray[Any], zeros: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return a vector of zeros for the checks of each thread, so many zeros, and the rest of scratch."""
    checks = threads.get_num_threads() * LANES
    start = checks + _round_up(zeros)
    scratch[:start] = 0
    return scratch[:checks].reshape(-1, LANES), scratch[checks:start], scratch[start:]


def _fits(w_shape: tuple[int, ...], window: Window, out: NDArray[Any]) -> bool:
    steps = window.stride_h, window.stride_w, window.dilation_h, window.dilation_w
    is_3x3 = w_shape[2:] == (KERNEL, KERNEL) and steps == (1, 1, 1, 1) and max(window.pad_h, window.pad_w) < KERNEL
    return ENABLED and is_3x3 and out.dtype == np.float32


def _meetings(size: int, pad: int) -> int:
    """Return how often along an axis of results a tap meets a pixel of the source, and not padding."""
    source = size + KERNEL - 1 - 2 * pad
    return sum(min(size, source + pad - tap) - max(0, pad - tap) for tap in range(KERNEL))


def _pays(tiles: Tiles, meetings: int, columns: int, channels: int, costs: float) -> bool:
    """Whether it pays: whole blocks of columns are multiplied at each place, and transforms cost that much a tile.

    The other ways multiply wherever tap and pixel meet, or more often. Packing the weights takes all about as long.
    """
    cost = PLACES * _round_up(columns, BLOCK) / columns + costs
    return min(columns, channels) >= LEAST_CHANNELS and tiles.count * cost < WORTH * tiles.batch * meetings


@lru_cache
def _product_plan(
    shape: tuple[int, int, int, int], channels: int, pads: tuple[int, int], groups: int, rotated: bool
) -> ProductPlan | None:
    batch, outputs, height, width = shape
    channels, outputs = channels // groups, outputs // groups
    if min(channels, outputs, *shape) == 0:
        return None
    enough = ceil_div(ENOUGH_TASKS, groups)
    tiles, blocks = cut_tiles(batch, height, width, enough), ceil_div(outputs, BLOCK)
    costs = IMAGE_COST / outputs + OUT_COST / channels
    if not _pays(tiles, _meetings(height, pads[0]) * _meetings(width, pads[1]), outputs, channels, costs):
        return None
    images_first = tiles.groups == 1
    depth = min(channels, BLOCK_DEPTH) if images_first else channels
    images_step, weights_step, sums_step = _step(channels, tiles.most), _step(BLOCK, depth), _step(BLOCK, tiles.most)
    sums_at = PLACES * (weights_step if images_first else images_step)
    grid_at = sums_at + PLACES * sums_step
    block_starts = np.arange(ceil_div(channels, BLOCK)) * tiles.most * BLOCK
    return ProductPlan(
        tiles,
        groups,
        pads,
        rotated,
        weight_steps=(outputs * channels * TAPS, *((outputs * TAPS, TAPS) if rotated else (TAPS, channels * TAPS))),
        images_first=images_first,
        parts=blocks if images_first else 1,
        depth=depth,
        terms=np.add.outer(block_starts, np.arange(BLOCK)).ravel(),
        images_step=images_step,
        weights_step=weights_step,
        sums_step=sums_step,
        whole=PLACES * groups * (images_step if images_first else blocks * weights_step),
        sums_at=sums_at,
        grid_at=grid_at,
        own=grid_at + tiles.grid,
    )


@lru_cache
def _dot_plan(shape: tuple[int, int, int, int], channels: int, pads: tuple[int, int], groups: int) -> DotPlan | None:
    batch, outputs, height, width = shape
    channels, outputs = channels // groups, outputs // groups
    if min(channels, outputs, *shape) == 0:
        return None
    tiles, blocks = cut_tiles(batch, height, width, 1), ceil_div(outputs, BLOCK)
    costs = IMAGE_COST / outputs + IMAGE_COST / channels
    if not _pays(tiles, _meetings(height, pads[0]) * _meetings(width, pads[1]), channels, outputs, costs):
        return None
    images_first = tiles.count <= WHOLE_TILES * outputs
    parts = blocks if images_first else 1
    chunks = 1 if images_first else min(tiles.groups, ceil_div(ENOUGH_TASKS, groups))
    images_step, dy_step = _step(channels, tiles.most), _step(blocks // parts * BLOCK, tiles.most)
    sums_at = PLACES * groups * tiles.groups * images_step if images_first else 0
    dy_at = 0 if images_first else PLACES * images_step
    cells_at = dy_at + PLACES * dy_step
    grid_at = cells_at + blocks // parts * ceil_div(channels, BLOCK) * PLACES * CELLS_STEP
    return DotPlan(
        tiles,
        groups,
        pads,
        images_first=images_first,
        parts=parts,
        chunks=chunks,
        terms=np.arange(tiles.most) * BLOCK,
        images_step=images_step,
        dy_step=dy_step,
        sums_at=sums_at,
        whole=sums_at + (_round_up(chunks * groups * outputs * channels * TAPS) if chunks > 1 else 0),
        dy_at=dy_at,
        cells_at=cells_at,
        grid_at=grid_at,
        own=grid_at + tiles.grid,
    )
