"""Sums over axes and along one, and expansion, the adjoint of the sum."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minigrad import dtypes
from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.dtypes import FLOATS
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_axes, as_axis, as_shape, listed, require_float, require_tensor
from minigrad.ops.shape import reshape
from minigrad.ops.slicing import flip
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
    rows = reshape(grad, kept(input_spec.shape, axes)) if grad.spec.shape else grad
    return rows if rows.spec == input_spec else apply(EXPAND, (rows,), (input_spec.shape,))


def _mean_rule(grad: Tensor, input_spec: Spec, axes: tuple[int, ...]) -> Tensor:
    return apply(SPREAD, (grad,), (input_spec.shape, axes))


def _spread_rule(grad: Tensor, axes: tuple[int, ...]) -> Tensor:
    return apply(MEAN, (grad,), (axes,))


EXPAND: Op = Op(
    "expand",
    ("input",),
    lambda x, shape, *_: Spec(shape, x.dtype),
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
MEAN: Op = replace(SUM, name="mean", vjp={"input": _mean_rule})
SPREAD: Op = replace(EXPAND, name="spread", params=("shape", "axes"), vjp={"input": _spread_rule}, view=False)
"""The adjoint of the mean: each element repeated along new axes and divided by the number of its copies."""
CUMSUM: Op = Op(
    "cumsum",
    ("input",),
    lambda x, axis: x,
    params=("axis",),
    vjp={"input": lambda grad, axis: flip(apply(CUMSUM, (flip(grad, axis),), (axis,)), axis)},
    linear_in=("input",),
    flops=lambda out, *_: out.size,
)


def expand(input: Tensor, *shape: Any) -> Tensor:
    """Repeated, without a copy, along axes of length 1 and along new leading axes; -1 keeps a length."""
    require_tensor("expand", input=input)
    requested = as_shape("expand", shape)
    if requested == input.shape:
        return input
    new = len(requested) - input.ndim
    lengths = tuple(input.shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(requested))
    wanted = Spec(lengths, input.dtype)
    if broadcast_shape("expand", input=input.spec, requested=wanted) != lengths or min(lengths) < 0:
        raise ShapeError(listed("expand: only axes of length 1 can be repeated", input=input.spec, requested=wanted))
    if wanted.nbytes >= 2**60:
        raise input.backend.exhausted("expand", wanted)
    return apply(EXPAND, (input,), (lengths,))


def sum(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Sum over the axes `dim`, over all of them by default; integers and bools are summed as int64."""
    require_tensor("sum", input=input)
    axes = as_axes("sum", dim, input.ndim, keepdim)
    return finished(apply(SUM, (_summable(input),), (axes,)), input, axes, keepdim)


def mean(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Sum over the axes `dim`, all by default, divided by the number of elements summed; NaN over none."""
    require_float("mean", input=input)
    axes = as_axes("mean", dim, input.ndim, keepdim)
    return finished(apply(MEAN, (input,), (axes,)), input, axes, keepdim)


def cumsum(input: Tensor, dim: int) -> Tensor:
    """Sums of the elements up to each one along an axis; integers and bools are summed as int64."""
    require_tensor("cumsum", input=input)
    return apply(CUMSUM, (_summable(input),), (as_axis("cumsum", dim, input.ndim),))


def kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """`shape` with length 1 along the reduced axes."""
    return tuple(1 if axis in axes else length for axis, length in enumerate(shape))


def finished(out: Tensor, input: Tensor, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    """A reduction of input, with the reduced axes if they are to be kept."""
    return reshape(out, kept(input.shape, axes)) if keepdim else out


def _summable(input: Tensor) -> Tensor:
    return input if input.dtype in FLOATS else input.to(dtypes.int64)
