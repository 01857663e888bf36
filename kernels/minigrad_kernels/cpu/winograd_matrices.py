"""The matrices of Winograd's F(4x4, 3x3).

4 neighbouring results of a filter of 3 taps are a product of polynomials, read backwards: it takes no more than its
values at 6 points, hence 6 multiplications instead of 12 (Winograd, Arithmetic Complexity of Computations, 1980), and
in two dimensions 36 instead of 144 (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016):

    out = A^T [ (G w G^T) * (B^T x B) ] A        for 4x4 pixels of out, the 6x6 of x that they meet, and 3x3 weights

The points are 0, 5/8, -5/8, 3/2, -3/2 and infinity. Rounding errors are less than half of those with the usual 1, 2
and their negatives, for the powers lie closer to 1; and A and B are exact in float32.
"""

from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

KERNEL, OUT_TILE, TILE = 3, 4, 6
POINTS = (Fraction(0), Fraction(5, 8), Fraction(-5, 8), Fraction(3, 2), Fraction(-3, 2))


def _values(size: int) -> list[list[Fraction]]:
    """Values at the points of each power below size; at infinity there is the highest one alone."""
    finite = [[point**power for power in range(size)] for point in POINTS]
    return [*finite, [Fraction(power == size - 1) for power in range(size)]]


def _coefficients(roots: list[Fraction]) -> list[Fraction]:
    """Coefficients of the product of x - root, lowest first, and zeros up to a tile's length."""
    found = [Fraction(1)]
    for root in roots:
        found = [low - root * high for low, high in zip([Fraction(0), *found], [*found, Fraction(0)], strict=True)]
    return found + [Fraction(0)] * (TILE - len(found))


def _matrix(rows: list[list[Fraction]]) -> NDArray[np.float64]:
    return np.array(rows, np.float64)


_others = [[other for other in POINTS if other != point] for point in POINTS]
_scales = [
    prod((point - other for other in others), start=Fraction(1)) for point, others in zip(POINTS, _others, strict=True)
]

# B^T, G and A^T.
IMAGE_MATRIX = _matrix([_coefficients(roots) for roots in [*_others, list(POINTS)]])
WEIGHT_MATRIX = _matrix(_values(KERNEL)) / _matrix([[scale] for scale in [*_scales, Fraction(1)]])
OUT_MATRIX = _matrix(_values(OUT_TILE)).T
