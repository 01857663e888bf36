"""Indexing and joining; any strides. NumPy copies; where an adjoint meets an index twice it adds up in index order."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.quiet import quiet

Array = NDArray[Any]


def gather(out: Array, x: Array, index: Array, axis: int) -> None:
    """Write out[..., i, ...] = x[..., index[..., i, ...], ...]."""
    out[...] = x[_places(index, axis)]


def gather_input_grad(dx: Array, dy: Array, index: Array, axis: int) -> None:
    """Write the adjoint of gather: dx at an index is the sum of the dy that were gathered from it."""
    dx[...] = 0
    quiet(np.add.at, dx, _places(index, axis), dy)


def embed(out: Array, x: Array, index: tuple[int | slice | None, ...]) -> None:
    """Write zeros, then x to out[index] for a basic index."""
    out[...] = 0
    out[(*index, ...)] = x


def cat(out: Array, parts: tuple[Array, ...], axis: int) -> None:
    """Write the parts one after the other along the axis."""
    np.concatenate(parts, axis, out)


def _places(index: Array, axis: int) -> tuple[Array, ...]:
    """The full index that `index` stands for: itself along the axis, its own place along the others."""
    return tuple(
        index if a == axis else np.arange(length).reshape((-1,) + (1,) * (index.ndim - 1 - a))
        for a, length in enumerate(index.shape)
    )
