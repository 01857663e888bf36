"""Winograd's F(4x4, 3x3): its matrices, how tiles are grouped into tasks, and when it is used.

A tile is 4x4 pixels of a result, which meet 6x6 pixels of the source. Both are polynomials in two variables, and their
convolution is a product of values at 6 points on each axis (Winograd, Arithmetic Complexity of Computations, 1980;
Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016):

    tile = A^T [ sum_c (G w_c G^T) * (B^T x_c B) ] A        36 multiplications instead of 144, for each channel

The points are 0, +-5/8, +-3/2 and infinity. Their powers lie closer together than those of the usual 0, +-1, +-2, and
rounding errors are less than half as large; all entries of A and B are exact.
"""

import os
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.conv_plan import ENOUGH_TASKS, Window, ceil_div, divide
from minigrad_kernels.cpu.simd import VECTOR_BYTES
from minigrad_kernels.cpu.tiles import PRODUCT_VECTORS

POINTS = (Fraction(0), Fraction(5, 8), Fraction(-5, 8), Fraction(3, 2), Fraction(-3, 2))
KERNEL, OUT_TILE, TILE = 3, 4, 6
# Places of a transformed tile.
PLACES = TILE * TILE

LANES = VECTOR_BYTES // 4
# Channels that lie side by side: the columns of a tile of a product.
BLOCK = PRODUCT_VECTORS * LANES

# Cells of the weight gradient: the sums of a block of outputs and one of channels, at one place.
CELLS_STEP = BLOCK * BLOCK + LANES

# Tiles in a group: enough to amortise loading the weights, few enough for the images of many channels to stay in L2.
GROUP_TILES = 64
# Channels of weights that a task makes at a time.
BLOCK_DEPTH = 64
# The weight gradient transforms all images first where there are fewer tiles than so many for each output channel.
WHOLE_TILES = 2

# What it costs, in multiplications: to transform a tile of images or of dy for a channel, and one of a result for an
# output channel; for each pair of channels, the weights, a chunk's sums, and meeting its cells again in a group; a call.
IMAGE_COST, OUT_COST, WEIGHT_COST, SUM_COST, CELL_COST, CALL_COST = 330, 180, 200, 250, 80, 1e6
# Winograd's convolution is used where it takes less than this part of the direct one's time.
WORTH = 0.9

ENABLED = os.environ.get("MINIGRAD_WINOGRAD", "1") != "0"


def _vandermonde(size: int) -> list[list[Fraction]]:
    """Values at the points of a polynomial of so many coefficients; its value at infinity is the last of them."""
    return [[point**power for power in range(size)] for point in POINTS] + [[Fraction(p == size - 1) for p in range(size)]]


def _polynomial(roots: list[Fraction]) -> list[Fraction]:
    """Coefficients of the product of (x - root), padded to TILE."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *coefficients], [*(root * c for c in coefficients), Fraction(0)]
        coefficients = [a - b for a, b in zip(shifted, scaled, strict=True)]
    return coefficients + [Fraction(0)] * (TILE - len(coefficients))


def _matrices() -> list[NDArray[np.float64]]:
    others = [[q for q in POINTS if q != p] for p in POINTS]
    scales = [np.prod([p - q for q in rest]) for p, rest in zip(POINTS, others, strict=True)] + [Fraction(1)]
    weights = [[value / scale for value in row] for row, scale in zip(_vandermonde(KERNEL), scales, strict=True)]
    source = [_polynomial(roots) for roots in [*others, list(POINTS)]]
    return [np.array(matrix, np.float64) for matrix in (source, weights, np.transpose(_vandermonde(OUT_TILE)))]


# B^T, G and A^T.
SOURCE_MATRIX, WEIGHT_MATRIX, OUT_MATRIX = _matrices()


@dataclass(frozen=True)
class Tiles:
    """The tiles of a batch, cut into groups: some rows of tiles of one image, or all tiles of several images."""

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
        """Elements of a grid of pixels: a group's rows in one image, their halo, and what whole vectors run over."""
        pitch = OUT_TILE * self.width + TILE - OUT_TILE
        return (OUT_TILE * self.rows + TILE - OUT_TILE + LANES) * pitch * LANES


def cut_tiles(batch: int, height: int, width: int, most: int) -> Tiles:
    """Cut the tiles of images of height x width pixels into even groups of at most so many, but at least one row."""
    rows, columns = ceil_div(height, OUT_TILE), ceil_div(width, OUT_TILE)
    images = max(1, most // (rows * columns))
    return Tiles(batch, rows, columns, divide(batch, images), divide(rows, most // columns))


def round_up(count: int, part: int = LANES) -> int:
    """Return count, rounded up to whole parts."""
    return ceil_div(count, part) * part


def place_step(channels: int, tiles: int) -> int:
    """How far apart places lie in an array [place][block of channels][tile][channel].

    An odd number of vectors: the 36 places of a tile, which are written together, meet different sets of the cache.
    """
    return round_up(channels, BLOCK) * tiles + LANES


@dataclass(frozen=True, eq=False)
class ProductPlan:
    """How weights and images are multiplied.

    What has fewer elements is transformed first, as a whole. Then a task takes a group of tiles and makes the images of
    all its channels for itself, or takes a block of output channels too, and makes the weights, `depth` channels at a
    time. Sizes and places are in elements; those named `at` are in the memory of a thread.
    """

    tiles: Tiles
    pads: tuple[int, int]
    rotated: bool
    images_first: bool
    depth: int
    parts: int
    steps: NDArray[np.int64]
    images_step: int
    weights_step: int
    sums_step: int
    whole: int
    sums_at: int
    grid_at: int
    own: int


@dataclass(frozen=True, eq=False)
class WeightPlan:
    """How the weight gradient is summed: over chunks of the groups of tiles, by blocks of output channels.

    If a task takes all of these, it makes the images for itself; if not, they are transformed first, as a whole.
    """

    tiles: Tiles
    pads: tuple[int, int]
    images_first: bool
    parts: int
    chunks: int
    steps: NDArray[np.int64]
    images_step: int
    dy_step: int
    sums_at: int
    whole: int
    dy_at: int
    cells_at: int
    grid_at: int
    own: int


def forward_plan(
    kernel: tuple[int, int], window: Window, out: NDArray[Any], source: NDArray[Any], groups: int
) -> ProductPlan | None:
    """Return the plan of a forward convolution, or None where Winograd's is not used."""
    pads = window.pad_h, window.pad_w
    return _product_plan(out.shape, source.shape[1], pads, groups, False) if _fits(kernel, window, out) else None


def input_grad_plan(
    kernel: tuple[int, int], window: Window, out: NDArray[Any], source: NDArray[Any], groups: int
) -> ProductPlan | None:
    """Return the plan of an input gradient: a convolution of dy, padded the other way, with rotated weights."""
    pads = KERNEL - 1 - window.pad_h, KERNEL - 1 - window.pad_w
    return _product_plan(out.shape, source.shape[1], pads, groups, True) if _fits(kernel, window, out) else None


def weight_plan(
    kernel: tuple[int, int], window: Window, source: NDArray[Any], dy: NDArray[Any], groups: int
) -> WeightPlan | None:
    """Return the plan of a weight gradient, or None where Winograd's is not used."""
    pads = window.pad_h, window.pad_w
    return _weight_plan(dy.shape, source.shape[1], pads, groups) if _fits(kernel, window, dy) else None


def _fits(kernel: tuple[int, int], window: Window, out: NDArray[Any]) -> bool:
    pads = (0, 1, 2)
    return (
        ENABLED
        and kernel == (KERNEL, KERNEL)
        and out.dtype == np.float32
        and (window.stride_h, window.stride_w, window.dilation_h, window.dilation_w) == (1, 1, 1, 1)
        and window.pad_h in pads
        and window.pad_w in pads
    )


def _pays(cost: float, pixels: int, pairs: int) -> bool:
    """Whether so many multiplications for each pair of channels are worth it: the direct convolution does 9 a pixel."""
    return cost + CALL_COST / pairs < WORTH * KERNEL * KERNEL * pixels


@lru_cache
def _product_plan(
    shape: tuple[int, int, int, int], channels: int, pads: tuple[int, int], groups: int, rotated: bool
) -> ProductPlan | None:
    batch, outputs, height, width = shape
    channels, outputs = channels // groups, outputs // groups
    if min(channels, outputs, *shape) == 0:
        return None
    tiles = cut_tiles(batch, height, width, GROUP_TILES)
    cost = tiles.count * (PLACES + IMAGE_COST / outputs + OUT_COST / channels) + WEIGHT_COST
    if not _pays(cost, batch * height * width, groups * channels * outputs):
        return None
    images_first = tiles.groups == 1
    blocks = ceil_div(outputs, BLOCK)
    depth = min(channels, BLOCK_DEPTH) if images_first else channels
    images_step, weights_step = place_step(channels, tiles.most), place_step(BLOCK, depth)
    sums_step = place_step(BLOCK, tiles.most)
    all_images, all_weights = (PLACES * groups * size for size in (tiles.groups * images_step, blocks * weights_step))
    sums_at = PLACES * (weights_step if images_first else images_step)
    grid_at = sums_at + PLACES * sums_step
    return ProductPlan(
        tiles, pads, rotated, images_first, depth,
        parts=blocks if images_first else 1,
        steps=np.add.outer(np.arange(ceil_div(channels, BLOCK)) * tiles.most * BLOCK, np.arange(BLOCK)).ravel(),
        images_step=images_step,
        weights_step=weights_step,
        sums_step=sums_step,
        whole=all_images if images_first else all_weights,
        sums_at=sums_at,
        grid_at=grid_at,
        own=grid_at + tiles.grid,
    )  # fmt: skip


@lru_cache
def _weight_plan(
    shape: tuple[int, int, int, int], channels: int, pads: tuple[int, int], groups: int
) -> WeightPlan | None:
    batch, outputs, height, width = shape
    channels, outputs = channels // groups, outputs // groups
    if min(channels, outputs, *shape) == 0:
        return None
    tiles = cut_tiles(batch, height, width, GROUP_TILES)
    images_first = tiles.count <= WHOLE_TILES * outputs
    blocks = ceil_div(outputs, BLOCK)
    parts = blocks if images_first else 1
    chunks = 1 if images_first else min(tiles.groups, ceil_div(ENOUGH_TASKS, groups))
    cost = tiles.count * (PLACES + IMAGE_COST / outputs + IMAGE_COST / channels) + chunks * SUM_COST
    cost += tiles.groups * CELL_COST
    if not _pays(cost, batch * height * width, groups * channels * outputs):
        return None
    images_step = place_step(channels, tiles.most)
    dy_step = place_step(ceil_div(blocks, parts) * BLOCK, tiles.most)
    sums_at = PLACES * groups * tiles.groups * images_step if images_first else 0
    dy_at = 0 if images_first else PLACES * images_step
    cells_at = dy_at + PLACES * dy_step
    grid_at = cells_at + ceil_div(blocks, parts) * ceil_div(channels, BLOCK) * PLACES * CELLS_STEP
    return WeightPlan(
        tiles, pads, images_first, parts, chunks,
        steps=np.arange(tiles.most) * BLOCK,
        images_step=images_step,
        dy_step=dy_step,
        sums_at=sums_at,
        whole=sums_at + (round_up(chunks * groups * outputs * channels * KERNEL * KERNEL) if chunks > 1 else 0),
        dy_at=dy_at,
        cells_at=cells_at,
        grid_at=grid_at,
        own=grid_at + tiles.grid,
    )  # fmt: skip


class Space(NamedTuple):
    """How scratch is divided: a vector of checks for each thread, zeros, and the memory of the plan."""

    checks: NDArray[np.float32]
    zeros: NDArray[np.float32]
    memory: NDArray[np.float32]


def elements(plan: ProductPlan | WeightPlan | None, zeros: int) -> int:
    """Return the elements of scratch that a plan takes, and so many zeros."""
    count = threads.get_num_threads()
    return 0 if plan is None else count * LANES + round_up(zeros) + plan.whole + count * plan.own


def divide_scratch(scratch: NDArray[np.float32], zeros: int) -> Space:
    """Divide scratch; everything starts where a vector may."""
    checks = threads.get_num_threads() * LANES
    start = checks + round_up(zeros)
    scratch[:start] = 0
    return Space(scratch[:checks].reshape(-1, LANES), scratch[checks:start], scratch[start:])
