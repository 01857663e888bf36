"""Reductions over axes, which are gone from the output."""

from itertools import product
from typing import Any

import numpy as np


@np.errstate(all="ignore")
def sum(out: np.ndarray, x: np.ndarray, axes: tuple[int, ...]) -> None:
    """Sum x over `axes`; 0 where these are empty."""
    floating = np.issubdtype(out.dtype, np.floating)
    zero = np.float64(0) if floating else out.dtype.type(0)
    for place in np.ndindex(out.shape):
        total = zero
        for value in _values(x, axes, place):
            total = total + value
        out[place] = total


def amax(out: np.ndarray, x: np.ndarray, axes: tuple[int, ...]) -> None:
    """Take the largest element of x over `axes`, NaN where one of them is NaN."""
    for place in np.ndindex(out.shape):
        values = _values(x, axes, place)
        out[place] = values[_first_largest(values)]


def argmax(out_int64: np.ndarray, x: np.ndarray, axis: int) -> None:
    """Find the position along `axis` of the first largest element; NaN counts as the largest."""
    for place in np.ndindex(out_int64.shape):
        out_int64[place] = _first_largest(_values(x, (axis,), place))


def _values(x: np.ndarray, axes: tuple[int, ...], place: tuple[int, ...]) -> list[Any]:
    """Elements of x that are reduced into out[place], in row-major order."""
    kept = iter(place)
    ranges = [range(length) if axis in axes else (next(kept),) for axis, length in enumerate(x.shape)]
    return [x[position] for position in product(*ranges)]


def _first_largest(values: list[Any]) -> int:
    largest = 0
    for position, value in enumerate(values):
        if np.isnan(value):
            return position
        if value > values[largest]:
            largest = position
    return largest
