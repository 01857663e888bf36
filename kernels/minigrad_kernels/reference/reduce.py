"""Reductions over axes, which are gone from the output, and running sums."""

from collections.abc import Callable
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


@np.errstate(all="ignore")
def mean(out: np.ndarray, x: np.ndarray, axes: tuple[int, ...]) -> None:
    """Sum x over `axes` and divide by the number of elements summed, also where that is 0."""
    count = np.prod([x.shape[axis] for axis in axes])
    for place in np.ndindex(out.shape):
        total = np.float64(0)
        for value in _values(x, axes, place):
            total = total + value
        out[place] = total / count


@np.errstate(all="ignore")
def spread(out: np.ndarray, x: np.ndarray, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    """Repeat each element of x along `axes`, which it has not, and divide by the number of its copies."""
    count = np.prod([shape[axis] for axis in axes])
    for place in np.ndindex(shape):
        source = tuple(index for axis, index in enumerate(place) if axis not in axes)
        out[place] = np.float64(x[source]) / count


def amax(out: np.ndarray, x: np.ndarray, axes: tuple[int, ...]) -> None:
    """Take the largest element of x over `axes`, NaN where one of them is NaN."""
    _choose(out, x, axes, _first_largest)


def amin(out: np.ndarray, x: np.ndarray, axes: tuple[int, ...]) -> None:
    """Take the smallest element of x over `axes`, NaN where one of them is NaN."""
    _choose(out, x, axes, _first_smallest)


def argmax(out_int64: np.ndarray, x: np.ndarray, axis: int) -> None:
    """Find the position along `axis` of the first largest element; NaN counts as the largest."""
    for place in np.ndindex(out_int64.shape):
        out_int64[place] = _first_largest(_values(x, (axis,), place))


def argmin(out_int64: np.ndarray, x: np.ndarray, axis: int) -> None:
    """Find the position along `axis` of the first smallest element; NaN counts as the smallest."""
    for place in np.ndindex(out_int64.shape):
        out_int64[place] = _first_smallest(_values(x, (axis,), place))


@np.errstate(all="ignore")
def cumsum(out: np.ndarray, x: np.ndarray, axis: int) -> None:
    """Add up the elements of x up to each one along `axis`."""
    floating = np.issubdtype(out.dtype, np.floating)
    for start in np.ndindex((*x.shape[:axis], 1, *x.shape[axis + 1 :])):
        total = np.float64(0) if floating else out.dtype.type(0)
        for position in range(x.shape[axis]):
            place = (*start[:axis], position, *start[axis + 1 :])
            total = total + x[place]
            out[place] = total


def _choose(out: np.ndarray, x: np.ndarray, axes: tuple[int, ...], first: Callable[[list[Any]], int]) -> None:
    for place in np.ndindex(out.shape):
        values = _values(x, axes, place)
        out[place] = values[first(values)]


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


def _first_smallest(values: list[Any]) -> int:
    smallest = 0
    for position, value in enumerate(values):
        if np.isnan(value):
            return position
        if value < values[smallest]:
            smallest = position
    return smallest
