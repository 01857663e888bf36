"""Shapes, and the same elements in others."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from minigrad.backends.base import Spec
from minigrad.errors import DataError, ShapeError
from minigrad.interop.onnx.table import Family, Run, Setting, require_bounded
from minigrad.ops.join import cat
from minigrad.ops.reduce import broadcast_shape
from minigrad.tensor import Tensor, tensor

operator = Family("shape")


@operator("Shape")
def shape(x: Tensor, *, start: int = 0, end: int | None = None) -> Tensor:
    """The lengths of the axes, or of some of them."""
    return tensor(np.array(x.shape[start:end], np.int64))


@operator("Size")
def size(x: Tensor) -> Tensor:
    """The number of elements."""
    return tensor(np.array(x.numel(), np.int64))


@operator("Reshape", since=5)
def reshape(x: Tensor, shape: Setting, *, allowzero: int = 0, run: Run) -> Tensor:
    """The same elements in another shape: 0 keeps a length, -1 is what is left.

    Of a network that was exported for one size of batch, a shape that begins with it is meant to begin with the batch.
    """
    lengths = shape.tolist()
    if run.batch and lengths and lengths[0] == run.batch[0] and x.shape[:1] == run.batch[1:]:
        lengths[0] = run.batch[1]
    if not allowzero:
        if any(not length for length in lengths[x.ndim :]):
            raise ShapeError(f"a length is to be kept in {lengths} that {x.spec} does not have")
        lengths = [length or x.shape[axis] for axis, length in enumerate(lengths)]
    return x.reshape(lengths)


@operator("Flatten")
def flatten(x: Tensor, *, axis: int = 1) -> Tensor:
    """Two axes: those before one, and the rest."""
    first = axis + x.ndim if axis < 0 else axis
    return x.reshape(prod(x.shape[:first]), prod(x.shape[first:]))


@operator("Squeeze")
def squeeze(x: Tensor, *, axes: Sequence[int] | None = None) -> Tensor:
    """Axes of length 1 removed."""
    return _squeezed(x, axes)


@operator("Squeeze", since=13)
def squeeze_13(x: Tensor, axes: Setting | None = None) -> Tensor:
    """Axes of length 1 removed, which an input names."""
    return _squeezed(x, None if axes is None else axes.tolist())


@operator("Unsqueeze")
def unsqueeze(x: Tensor, *, axes: Sequence[int]) -> Tensor:
    """New axes of length 1."""
    ndim = x.ndim + len(axes)
    lengths = list(x.shape)
    for axis in sorted(axis + ndim if axis < 0 else axis for axis in axes):
        lengths.insert(axis, 1)
    return x.reshape(lengths)


@operator("Unsqueeze", since=13)
def unsqueeze_13(x: Tensor, axes: Setting) -> Tensor:
    """New axes of length 1, which an input names."""
    return unsqueeze(x, axes=axes.tolist())


@operator("Transpose")
def transpose(x: Tensor, *, perm: Sequence[int] | None = None) -> Tensor:
    """The axes in another order, by default in the reverse one."""
    return x.permute(*(reversed(range(x.ndim)) if perm is None else perm)) if x.ndim else x


@operator("Expand")
def expand(x: Tensor, shape: Setting) -> Tensor:
    """Broadcast with a shape."""
    wanted = broadcast_shape("expand", input=x.spec, shape=Spec(tuple(shape.tolist()), x.dtype))
    return x.expand(*require_bounded(wanted))


@operator("Tile", since=6)
def tile(x: Tensor, repeats: Setting) -> Tensor:
    """Repeated along every axis."""
    counts = repeats.tolist()
    if len(counts) != x.ndim:
        raise ShapeError(f"a number for each axis of {x.spec} is required, got {counts}")
    require_bounded(length * count for length, count in zip(x.shape, counts, strict=True))
    for axis, count in enumerate(counts):
        x = cat([x] * count, axis) if count > 1 else x
    return x


@operator("DepthToSpace")
def depth_to_space(x: Tensor, *, blocksize: int, mode: str = "DCR") -> Tensor:
    """Channels as blocks of an image."""
    _require_depth_mode(mode)
    n, c, h, w = x.shape
    if mode == "DCR":
        parts = x.reshape(n, blocksize, blocksize, -1, h, w).permute(0, 3, 4, 1, 5, 2)
    else:
        parts = x.reshape(n, -1, blocksize, blocksize, h, w).permute(0, 1, 4, 2, 5, 3)
    return parts.reshape(n, c // blocksize**2, h * blocksize, w * blocksize)


@operator("SpaceToDepth")
def space_to_depth(x: Tensor, *, blocksize: int, mode: str = "DCR") -> Tensor:
    """Blocks of an image as channels."""
    _require_depth_mode(mode)
    n, c, h, w = x.shape
    parts = x.reshape(n, c, h // blocksize, blocksize, w // blocksize, blocksize)
    order = (0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4)
    return parts.permute(*order).reshape(n, c * blocksize**2, h // blocksize, w // blocksize)


def _require_depth_mode(mode: str) -> None:
    if mode not in ("DCR", "CRD"):
        raise DataError(f"mode must be DCR or CRD, got {mode!r}")


def _squeezed(x: Tensor, axes: Sequence[int] | None) -> Tensor:
    if axes is not None and any(x.shape[axis] != 1 for axis in axes):
        raise ShapeError(f"axes {list(axes)} of {x.spec} are to be removed, and not all are of length 1")
    return x.squeeze(None if axes is None else tuple(axes))
