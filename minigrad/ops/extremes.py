"""The largest and the smallest element, and where it is."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad import dtypes
from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_axes, as_axis, as_flag, listed, require_tensor
from minigrad.ops.compare import maximum, minimum
from minigrad.ops.gather import GATHER
from minigrad.ops.reduce import finished, kept, sum
from minigrad.ops.shape import reshape, squeeze
from minigrad.tensor import Tensor
from minigrad_kernels import shapes


class Extremes(NamedTuple):
    """Extreme elements along an axis, and where they were found."""

    values: Tensor
    indices: Tensor


def _shared(grad: Tensor, input: Tensor, out: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The gradient, divided among the equal extremes."""
    narrow = kept(input.shape, axes)
    mask = (input == reshape(out.detach(), narrow)).to(input.dtype)
    return mask * reshape(grad / sum(mask, axes), narrow)


def _value(name: str) -> Op:
    return Op(
        name,
        ("input",),
        lambda x, axes: Spec(shapes.reduced_shape(x.shape, axes), x.dtype),
        params=("axes",),
        vjp={"input": _shared},
        flops=lambda out, x, axes: x.size,
    )


def _place(name: str) -> Op:
    return Op(
        name,
        ("input",),
        lambda x, axis: Spec(shapes.reduced_shape(x.shape, (axis,)), dtypes.int64),
        params=("axis",),
        constant_in=("input",),
    )


AMAX, AMIN = _value("amax"), _value("amin")
ARGMAX, ARGMIN = _place("argmax"), _place("argmin")
_WAYS = {"max": (maximum, AMAX, ARGMAX), "min": (minimum, AMIN, ARGMIN)}


def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Maximum over the axes `dim`, all by default; equal maxima share the gradient evenly; NaN propagates."""
    return _over("amax", AMAX, input, dim, keepdim)


def amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Minimum over the axes `dim`, all by default; equal minima share the gradient evenly; NaN propagates."""
    return _over("amin", AMIN, input, dim, keepdim)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the first maximum along `dim`, or into the flattened tensor; NaN counts as the largest."""
    return _found("argmax", ARGMAX, input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the first minimum along `dim`, or into the flattened tensor; NaN counts as the smallest."""
    return _found("argmin", ARGMIN, input, dim, keepdim)


def max(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Extremes:
    """The maximum of all elements; with an axis `dim`, maxima along it and the index of the first of each.

    Over all elements, equal maxima share the gradient; along an axis, the first takes it. NaN propagates. With a tensor
    as the second argument it is `maximum`.
    """
    return _either("max", input, dim, keepdim)


def min(input: Tensor, dim: int | Tensor | None = None, keepdim: bool = False) -> Tensor | Extremes:
    """The minimum of all elements; with an axis `dim`, minima along it and the index of the first of each.

    Over all elements, equal minima share the gradient; along an axis, the first takes it. NaN propagates. With a tensor
    as the second argument it is `minimum`.
    """
    return _either("min", input, dim, keepdim)


def _over(name: str, op: Op, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    require_tensor(name, input=input)
    axes = as_axes(name, dim, input.ndim, keepdim)
    _require_elements(name, input, axes)
    return finished(apply(op, (input,), (axes,)), input, axes, keepdim)


def _found(name: str, op: Op, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    require_tensor(name, input=input)
    as_flag(name, "keepdim", keepdim)
    if dim is None:
        return reshape(_found(name, op, reshape(input, -1), 0, False), (1,) * (input.ndim if keepdim else 0))
    axis = as_axis(name, dim, input.ndim)
    _require_elements(name, input, (axis,))
    return finished(apply(op, (input,), (axis,)), input, (axis,), keepdim)


def _either(name: str, input: Tensor, dim: int | Tensor | None, keepdim: bool) -> Tensor | Extremes:
    """The extreme of each two elements, of all, or along an axis."""
    of_two, value, place = _WAYS[name]
    as_flag(name, "keepdim", keepdim)
    if isinstance(dim, Tensor):
        return of_two(input, dim)
    if dim is None:
        return _over(name, value, input, None, False)
    indices = _found(name, place, input, dim, True)
    values = apply(GATHER, (input, indices), (as_axis(name, dim, input.ndim),))
    return Extremes(values, indices) if keepdim else Extremes(squeeze(values, dim), squeeze(indices, dim))


def _require_elements(name: str, input: Tensor, axes: tuple[int, ...]) -> None:
    if any(input.shape[axis] == 0 for axis in axes):
        noun = "maximum" if "max" in name else "minimum"
        raise ShapeError(listed(f"{name}: an axis without elements has no {noun}", input=input.spec))
