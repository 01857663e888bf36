"""Indexing: elements are copied, or added up where an adjoint meets an index twice."""

import numpy as np


def gather(out: np.ndarray, x: np.ndarray, index: np.ndarray, axis: int) -> None:
    """`out[..., i, ...] = x[..., index[..., i, ...], ...]` along `axis`."""
    for place in np.ndindex(index.shape):
        out[place] = x[_replaced(place, axis, int(index[place]))]


@np.errstate(all="ignore")
def gather_input_grad(dx: np.ndarray, dy: np.ndarray, index: np.ndarray, axis: int) -> None:
    """Apply the adjoint of gather: dx[..., index[..., i, ...], ...] is the sum of its dy[..., i, ...]."""
    total = np.zeros(dx.shape, np.float64 if np.issubdtype(dx.dtype, np.floating) else dx.dtype)
    for place in np.ndindex(index.shape):
        total[_replaced(place, axis, int(index[place]))] += dy[place]
    dx[...] = total


def embed(out: np.ndarray, x: np.ndarray, index: tuple[int | slice | None, ...]) -> None:
    """Fill out with 0, then set `out[index] = x` for a basic index."""
    places = np.arange(out.size).reshape(out.shape)[index]
    out[...] = 0
    for place in np.ndindex(x.shape):
        out.flat[places[place]] = x[place]


def cat(out: np.ndarray, parts: tuple[np.ndarray, ...], axis: int) -> None:
    """Put the parts one after the other along `axis`."""
    start = 0
    for part in parts:
        for place in np.ndindex(part.shape):
            out[_replaced(place, axis, start + place[axis])] = part[place]
        start += part.shape[axis]


def _replaced(place: tuple[int, ...], axis: int, position: int) -> tuple[int, ...]:
    return (*place[:axis], position, *place[axis + 1 :])
