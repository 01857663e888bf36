"""Reductions over axes, which are attributes in older versions and inputs in later ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.dtypes import FLOATS
from minigrad.interop.onnx.table import Family, Setting
from minigrad.ops import extremes
from minigrad.ops.create import full
from minigrad.ops.reduce import kept
from minigrad.tensor import Tensor

operator = Family("reduction")
Reduction = Callable[[Tensor, tuple[int, ...]], Tensor]


def _enter(name: str, axes_are_inputs_since: int, reduction: Reduction) -> None:
    """Enter a reduction, which keeps its axes, in both versions."""

    @operator(name)
    def by_attribute(x: Tensor, *, axes: Sequence[int] | None = None, keepdims: int = 1) -> Tensor:
        """Reduced over axes that are an attribute."""
        return _reduced(reduction, x, axes, keepdims)

    @operator(name, since=axes_are_inputs_since)
    def by_input(x: Tensor, axes: Setting | None = None, *, keepdims: int = 1, noop_with_empty_axes: int = 0) -> Tensor:
        """Reduced over axes that are an input."""
        named = None if axes is None or not axes.size else axes.tolist()
        return _reduced(reduction, x, () if named is None and noop_with_empty_axes else named, keepdims)


def _reduced(reduction: Reduction, x: Tensor, axes: Sequence[int] | None, keepdims: int) -> Tensor:
    named = range(x.ndim) if axes is None else axes
    over = tuple(sorted({axis % x.ndim for axis in named})) if x.ndim else ()
    out = reduction(x, over).to(x.dtype)
    return out if keepdims else out.squeeze(over)


def _sum(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return x.sum(axes, keepdim=True)


def _mean(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return (x if x.dtype in FLOATS else x.double()).mean(axes, keepdim=True)


def _extreme(function: Callable[..., Tensor], largest: bool) -> Reduction:
    """The extreme element, and of none the other end of what the dtype holds."""

    def reduction(x: Tensor, axes: tuple[int, ...]) -> Tensor:
        values = x if x.dtype != dtypes.bool_ else x.int()
        if all(x.shape[axis] for axis in axes):
            return function(values, axes, keepdim=True)
        return full(kept(x.shape, axes), _end(x.dtype, not largest), x.dtype, x.device)

    return reduction


def _end(dtype: Any, largest: bool) -> float:
    if dtype in FLOATS:
        return float("inf") if largest else float("-inf")
    if dtype == dtypes.bool_:
        return largest
    info = np.iinfo(dtype)
    return info.max if largest else info.min


def _log_sum_exp(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return x.logsumexp(axes, keepdim=True) if axes else x


_enter("ReduceSum", 13, _sum)
_enter("ReduceMean", 18, _mean)
_enter("ReduceMax", 18, _extreme(extremes.amax, True))
_enter("ReduceMin", 18, _extreme(extremes.amin, False))
_enter("ReduceL1", 18, lambda x, axes: _sum(x.abs(), axes))
_enter("ReduceL2", 18, lambda x, axes: _sum(x * x, axes).sqrt())
_enter("ReduceSumSquare", 18, lambda x, axes: _sum(x * x, axes))
_enter("ReduceLogSum", 18, lambda x, axes: _sum(x, axes).log())
_enter("ReduceLogSumExp", 18, _log_sum_exp)


@operator("ArgMax")
def argmax(x: Tensor, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
    """Where the largest element along an axis is: the first of equal ones, or the last."""
    return _place(extremes.argmax, x, axis, keepdims, select_last_index)


@operator("ArgMin")
def argmin(x: Tensor, *, axis: int = 0, keepdims: int = 1, select_last_index: int = 0) -> Tensor:
    """Where the smallest element along an axis is: the first of equal ones, or the last."""
    return _place(extremes.argmin, x, axis, keepdims, select_last_index)


def _place(function: Callable[..., Tensor], x: Tensor, axis: int, keepdims: int, last: int) -> Tensor:
    found = function(x.flip(axis) if last else x, axis, bool(keepdims))
    return x.shape[axis] - 1 - found if last else found
