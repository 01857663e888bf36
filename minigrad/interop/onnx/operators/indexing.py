"""Parts of tensors, tensors put together, and padding."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.errors import DataError, ShapeError
from minigrad.interop.onnx.table import Family, Run, Setting, require_bounded
from minigrad.nn import functional as F
from minigrad.ops.compare import where
from minigrad.ops.join import cat
from minigrad.tensor import Tensor

operator = Family("parts and padding")
_MODES = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}


@operator("Concat", since=4)
def concat(*xs: Tensor, axis: int) -> Tensor:
    """Tensors one after the other along an axis."""
    return cat(list(xs), axis)


@operator("Split", since=2)
def split(x: Tensor, *, axis: int = 0, split: Sequence[int] | None = None, run: Run) -> Sequence[Tensor]:
    """Parts along an axis, of given lengths or of one."""
    return _parts(x, axis, split, run.outputs)


@operator("Split", since=13)
def split_13(x: Tensor, split: Setting | None = None, *, axis: int = 0, run: Run) -> Sequence[Tensor]:
    """Parts along an axis, whose lengths are an input."""
    return _parts(x, axis, None if split is None else split.tolist(), run.outputs)


@operator("Split", since=18)
def split_18(
    x: Tensor, split: Setting | None = None, *, axis: int = 0, num_outputs: int | None = None, run: Run
) -> Sequence[Tensor]:
    """Parts along an axis, the last one of what is left."""
    return split_13(x, split, axis=axis, run=run)


@operator("Slice")
def slice_(x: Tensor, *, starts: Sequence[int], ends: Sequence[int], axes: Sequence[int] | None = None) -> Tensor:
    """From a start to an end along some axes."""
    return _sliced(x, starts, ends, axes, None)


@operator("Slice", since=10)
def slice_10(
    x: Tensor, starts: Setting, ends: Setting, axes: Setting | None = None, steps: Setting | None = None
) -> Tensor:
    """From a start to an end along some axes, in steps; all of them are inputs."""
    some = [None if numbers is None else numbers.tolist() for numbers in (axes, steps)]
    return _sliced(x, starts.tolist(), ends.tolist(), *some)


@operator("Gather")
def gather(x: Tensor, indices: Setting, *, axis: int = 0) -> Tensor:
    """Elements at places along an axis, which stand where the axis stood."""
    before = (slice(None),) * (axis % max(x.ndim, 1))
    return x[(*before, indices if indices.ndim else indices.item())]


@operator("GatherElements")
def gather_elements(x: Tensor, indices: Tensor, *, axis: int = 0) -> Tensor:
    """An element for every place, which says where along an axis it is."""
    return x.gather(axis, where(indices < 0, indices + x.shape[axis], indices))


@operator("Pad", since=2)
def pad(x: Tensor, *, mode: str = "constant", pads: Sequence[int], value: float = 0.0) -> Tensor:
    """More elements around, or fewer."""
    return _padded(x, pads, range(x.ndim), mode, value)


@operator("Pad", since=11)
def pad_11(
    x: Tensor,
    pads: Setting,
    value: Setting | None = None,
    axes: Setting | None = None,
    *,
    mode: str = "constant",
) -> Tensor:
    """More elements around some axes, or fewer; the numbers are inputs."""
    named = range(x.ndim) if axes is None else axes.tolist()
    return _padded(x, pads.tolist(), named, mode, 0 if value is None else value.item())


def _padded(x: Tensor, pads: Sequence[int], axes: Sequence[int], mode: str, value: float) -> Tensor:
    if mode not in _MODES or len(pads) != 2 * len(axes):
        raise DataError(f"mode must be one of {', '.join(_MODES)}, with two pads an axis, got {mode!r} and {pads}")
    amounts = [(0, 0)] * x.ndim
    for axis, before, after in zip(axes, pads[: len(axes)], pads[len(axes) :], strict=True):
        amounts[axis] = before, after
    lengths = (max(length + sum(more), 0) for length, more in zip(x.shape, amounts, strict=True))
    require_bounded(lengths, x.numel())
    flat = [amount for ends in reversed(amounts) for amount in ends]
    return F.pad(x, flat, _MODES[mode], value if mode == "constant" else None)


def _parts(x: Tensor, axis: int, lengths: Sequence[int] | None, count: int) -> Sequence[Tensor]:
    if lengths is None:
        one = -(-x.shape[axis] // count)
        lengths = [min(one, max(x.shape[axis] - start * one, 0)) for start in range(count)]
    return x.split(list(lengths), axis)


def _sliced(
    x: Tensor,
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None,
    steps: Sequence[int] | None,
) -> Tensor:
    named = range(len(starts)) if axes is None else axes
    if not len(starts) == len(ends) == len(named) or (steps is not None and len(steps) != len(named)):
        raise ShapeError(f"starts, ends, axes and steps must be of one length: {starts}, {ends}, {axes}, {steps}")
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(named, starts, ends, steps or [1] * len(starts), strict=True):
        length = x.shape[axis]
        # An end before the first element, where ONNX counts down, is none of Python's numbers.
        stop = None if step < 0 and end < -length else end
        index[axis] = slice(start, stop, step)
    return x[tuple(index)]
