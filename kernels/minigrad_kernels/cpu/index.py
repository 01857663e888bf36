"""Indexing and joining; any strides. NumPy copies; where an adjoint meets an index twice it adds up in index order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.quiet import quiet

Array = NDArray[Any]

# So many elements beside each other are added faster by a call of their own than in np.add.at.
ROW = 64


def gather(out: Array, x: Array, index: Array, axis: int) -> None:
    """Write out[..., i, ...] = x[..., index[..., i, ...], ...]."""
    line = _line(x, index, axis)
    if line is None:
        out[...] = x[_places(index, axis)]
    else:
        np.take(x, line, axis, out, "clip")  # which writes to out at once: no position is outside


def gather_input_grad(dx: Array, dy: Array, index: Array, axis: int) -> None:
    """Write the adjoint of gather: dx at an index is the sum of the dy that were gathered from it."""
    dx[...] = 0
    line = _line(dx, index, axis)
    if line is None or dy.size < ROW * line.size:
        quiet(np.add.at, dx, _places(index, axis), dy)
    else:
        quiet(_add_rows, np.moveaxis(dx, axis, 0), line, np.moveaxis(dy, axis, 0))


def embed(out: Array, x: Array, index: tuple[int | slice | None, ...]) -> None:
    """Write zeros, then x to out[index] for a basic index."""
    out[...] = 0
    out[(*index, ...)] = x


def cat(out: Array, parts: tuple[Array, ...], axis: int) -> None:
    """Write the parts one after the other along the axis."""
    np.concatenate(parts, axis, out)


def _line(x: Array, index: Array, axis: int) -> Array | None:
    """The positions along the axis, if they are the same all over the other axes, and those as long as in x."""
    others = [a for a in range(index.ndim) if a != axis]
    if not index.size or any(index.shape[a] != x.shape[a] or (index.shape[a] > 1 and index.strides[a]) for a in others):
        return None
    return index[tuple(slice(None) if a == axis else 0 for a in range(index.ndim))]


def _add_rows(rows: Array, places: Array, added: Array) -> None:
    for place, row in zip(places, added, strict=True):
        rows[place] += row


def _places(index: Array, axis: int) -> tuple[Array, ...]:
    """The full index that `index` stands for: itself along the axis, its own place along the others."""
    return tuple(
        index if a == axis else np.arange(length).reshape((-1,) + (1,) * (index.ndim - 1 - a))
        for a, length in enumerate(index.shape)
    )
