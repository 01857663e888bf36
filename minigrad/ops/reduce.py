"""Reductions over axes, and expansion, the adjoint of the sum."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.dtypes import FLOATS
from minigrad.errors import DTypeError, ShapeError
from minigrad.ops.arguments import as_axes, as_axis, as_shape, listed, require_tensor
from minigrad.ops.shape import reshape
from minigrad.tensor import Tensor
from minigrad_kernels import shapes


def broadcast_shape(op: str, **specs: Spec) -> tuple[int, ...]:
    """The shape to which all specs broadcast; ShapeError, with a line for each, where they do not."""
    try:
        return shapes.broadcast_shapes(*[spec.shape for spec in specs.values()])
    except ValueError as error:
        raise ShapeError(listed(f"{op}: {error}", **specs)) from None


def _stretched_axes(shape: tuple[int, ...], wide: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of `wide` along which a tensor of `shape` was repeated."""
    new = len(wide) - len(shape)
    return tuple(a for a in range(len(wide)) if a < new or (shape[a - new] == 1 and wide[a] != 1))


def _expand_rule(grad: Tensor, input_spec: Spec) -> Tensor:
    axes = _stretched_axes(input_spec.shape, grad.shape)
    return reshape(apply(SUM, (grad,), (axes,)), input_spec.shape)


def _sum_rule(grad: Tensor, input_spec: Spec, axes: tuple[int, ...]) -> Tensor:
    return expand(reshape(grad, _kept(input_spec.shape, axes)), input_spec.shape)


def _amax_rule(grad: Tensor, input: Tensor, out: Tensor, axes: tuple[int, ...]) -> Tensor:
    kept = _kept(input.shape, axes)
    mask = (input == reshape(out.detach(), kept)).to(input.dtype)
    return mask * reshape(grad / sum(mask, axes), kept)


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with length 1 along the reduced axes."""
    return tuple(1 if axis in axes else length for axis, length in enumerate(shape))


EXPAND: Op = Op(
    "expand",
    ("input",),
    lambda x, shape: Spec(shape, x.dtype),
    params=("shape",),
    vjp={"input": _expand_rule},
    linear_in=("input",),
    view=True,
)
SUM: Op = Op(
    "sum",
    ("input",),
    lambda x, axes: Spec(shapes.reduced_shape(x.shape, axes), x.dtype),
    params=("axes",),
    vjp={"input": _sum_rule},
    linear_in=("input",),
    flops=lambda out, x, axes: x.size,
)
AMAX: Op = Op(
    "amax",
    ("input",),
    lambda x, axes: Spec(shapes.reduced_shape(x.shape, axes), x.dtype),
    params=("axes",),
    vjp={"input": _amax_rule},
    flops=lambda out, x, axes: x.size,
)
ARGMAX: Op = Op(
    "argmax",
    ("input",),
    lambda x, axis: Spec(shapes.reduced_shape(x.shape, (axis,)), dtypes.int64),
    params=("axis",),
    constant_in=("input",),
)


def expand(input: Tensor, *shape: Any) -> Tensor:
    """Repeated, without a copy, along axes of length 1 and along new leading axes; -1 keeps a length."""
    require_tensor("expand", input=input)
    requested = as_shape("expand", shape)
    if requested == input.shape:
        return input
    new = len(requested) - input.ndim
    lengths = tuple(
        input.shape[axis - new] if length == -1 and axis >= new else length for axis, length in enumerate(requested)
    )
    if broadcast_shape("expand", input=input.spec, requested=Spec(lengths, input.dtype)) != lengths or min(lengths) < 0:
        wanted = Spec(lengths, input.dtype)
        raise ShapeError(listed("expand: only axes of length 1 can be repeated", input=input.spec, requested=wanted))
    return apply(EXPAND, (input,), (lengths,))


def sum(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Sum over the axes `dim`, over all of them by default; integers and bools are summed as int64."""
    require_tensor("sum", input=input)
    axes = as_axes("sum", dim, input.ndim)
    if input.dtype not in FLOATS:
        input = input.to(dtypes.int64)
    return _finish(apply(SUM, (input,), (axes,)), input, axes, keepdim)


def mean(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Sum over the axes `dim`, all by default, divided by the number of elements summed; NaN over none."""
    require_tensor("mean", input=input)
    if input.dtype not in FLOATS:
        raise DTypeError(listed("mean: input must be float; write input.to(minigrad.float32)", input=input.spec))
    axes = as_axes("mean", dim, input.ndim)
    count = Spec(tuple(input.shape[axis] for axis in axes), input.dtype).size
    return sum(input, axes, keepdim) / float(count)


def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Maximum over the axes `dim`, all by default; equal maxima share the gradient evenly; NaN propagates."""
    require_tensor("amax", input=input)
    axes = as_axes("amax", dim, input.ndim)
    _require_elements("amax", input, axes)
    return _finish(apply(AMAX, (input,), (axes,)), input, axes, keepdim)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Index of the first maximum along `dim`, or into the flattened tensor; NaN counts as the largest."""
    require_tensor("argmax", input=input)
    if dim is None:
        return argmax(reshape(input, -1), 0)
    axis = as_axis("argmax", dim, input.ndim)
    _require_elements("argmax", input, (axis,))
    return _finish(apply(ARGMAX, (input,), (axis,)), input, (axis,), keepdim)


def _finish(out: Tensor, input: Tensor, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    return reshape(out, _kept(input.shape, axes)) if keepdim else out


def _require_elements(op: str, input: Tensor, axes: tuple[int, ...]) -> None:
    if any(input.shape[axis] == 0 for axis in axes):
        raise ShapeError(listed(f"{op}: an axis without elements has no maximum", input=input.spec))
