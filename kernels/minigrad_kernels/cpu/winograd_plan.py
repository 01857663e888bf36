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

import numpy as np
from numpy.typing import NDArray

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
    """The tiles of a batch of images, in groups: some rows of tiles of one image, or all rows of several images."""

    height: int
    width: int
    images: int
    rows: int
    sets: int
    bands: int

    @property
    def most(self) -> int:
        """Tiles of a group."""
        return self.images * self.rows * self.width

    @property
    def groups(self) -> int:
        """Number of groups."""
        return self.sets * self.bands

    @property
    def grid(self) -> int:
        """Elements of a grid: a group's rows in one image, with the halo, and what whole vectors run over."""
        pitch = OUT_TILE * self.width + TILE - OUT_TILE
        return ((OUT_TILE * self.rows + TILE - OUT_TILE) * pitch + LANES * (pitch - OUT_TILE * self.width + 1)) * LANES


def cut_tiles(batch: int, height: int, width: int, most: int) -> Tiles:
    """Cut the tiles of images of height x width pixels into groups of about `most`."""
    rows, columns = ceil_div(height, OUT_TILE), ceil_div(width, OUT_TILE)
    if rows * columns < most:
        images = divide(batch, most // (rows * columns))
        return Tiles(rows, columns, images, rows, ceil_div(batch, images), 1)
    band = divide(rows, max(1, most // columns))
    return Tiles(rows, columns, 1, band, batch, ceil_div(rows, band))


@dataclass(frozen=True)
class Plan:
    """Which operand is transformed as a whole, before the products: the smaller one. Tasks make the other for themselves.

    If the weights are, then a task takes all output channels of a group of tiles; if the images are, then a task takes a
    block of output channels of a group, and makes the weights of `depth` channels at a time. Steps are from one place of
    a transformed tile to the next.
    """

    tiles: Tiles
    images_first: bool
    parts: int
    depth: int
    weights_step: int
    images_step: int
    sums_step: int
    whole: int
    own: int
