"""Means, variances and covariances of data sets that need not fit into memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

from minigrad.data.arrays import ArrayDataset, Dataset
from minigrad.data.given import require_dataset
from minigrad.errors import DataError

_AT_ONCE: Final = 2**20  # values: so that float64 takes 8 MB


Moments = tuple[int, np.ndarray, np.ndarray]
"""How many examples there are, their mean, and the sums of squares or of products of their distances from it."""


def stream(
    name: str, dataset: Dataset | np.ndarray, per_value: float = 0.0
) -> tuple[tuple[int, ...], Iterator[np.ndarray]]:
    """The shape of an example, and all of them as float64 (n, ...), not too many at once.

    With `per_value` there are at least so many examples at once for each value of one, memory that who sums up a
    covariance takes anyway. DataError, in the name of the caller, if there is no example.
    """
    source = ArrayDataset(dataset) if isinstance(dataset, np.ndarray) else require_dataset(name, "dataset", dataset)
    length = len(source)
    if not length:
        raise DataError(f"{name}: needs a data set with examples, got an empty one")
    shape = np.shape(source[np.arange(1)][0])[1:]
    size = math.prod(shape)
    step = max(1, _AT_ONCE // max(1, size), round(per_value * size))
    indices = (np.arange(begin, min(begin + step, length)) for begin in range(0, length, step))
    return shape, (np.asarray(source[batch][0], np.float64) for batch in indices)


def squares(distances: np.ndarray, axis: int) -> np.ndarray:
    """The sum of squares along an axis, which stays."""
    result: np.ndarray = np.square(distances).sum(axis, keepdims=True)
    return result


def products(distances: np.ndarray, axis: int) -> np.ndarray:
    """The sum over rows of the products of all pairs of columns: axis is 0."""
    result: np.ndarray = distances.T @ distances
    return result


def moments(
    name: str, parts: Iterable[np.ndarray], axis: int, scatter_of: Callable[[np.ndarray, int], np.ndarray]
) -> Moments:
    """Mean and scatter of all matrices of `parts` together, whose examples lie along `axis`, which stays.

    Notes
    -----
    Parts are merged by their means, so that nothing cancels, and counted from the first example, so that what is the
    same in all of them has a scatter of exactly 0.

    Source: Chan, Golub and LeVeque (1979), Updating formulae and a pairwise algorithm for computing sample variances.
    """
    first: np.ndarray | None = None
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is found at the end
        for values in parts:
            if first is None:
                first = values.take([0], axis)
                count, mean, scatter = 0, np.zeros_like(first), scatter_of(np.zeros_like(first), axis)
            distances = values - first
            part_mean = distances.mean(axis, keepdims=True)
            distances -= part_mean
            number = values.shape[axis]
            delta = part_mean - mean
            between = delta * math.sqrt(count * number / (count + number))  # one more example, as it were
            scatter += scatter_of(np.concatenate([distances, between], axis), axis)
            count += number
            mean += delta * (number / count)
    assert first is not None
    if not (np.isfinite(mean).all() and np.isfinite(scatter).all()):
        raise DataError(f"{name}: needs finite values, got NaN or infinity among the examples")
    return count, mean + first, scatter
