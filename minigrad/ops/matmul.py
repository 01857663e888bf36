"""Matrix products. Each of a product's two gradients is a product again, so one op closes the family."""

from __future__ import annotations

import math
from functools import partial

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.activation import with_relu
from minigrad.ops.arguments import listed, present, require_float, require_ndim, require_same_dtype, require_tensor
from minigrad.ops.elementwise import mul
from minigrad.ops.reduce import expand, sum
from minigrad.ops.shape import reshape, transpose, unsqueeze
from minigrad.tensor import Tensor
from minigrad_kernels import shapes

MATMUL: Op = Op(
    "matmul",
    ("input", "other"),
    lambda a, b: Spec((*a.shape[:-1], b.shape[-1]), a.dtype),
    vjp={
        "input": lambda grad, other: apply(MATMUL, (grad, transpose(other, -2, -1))),
        "other": lambda grad, input: apply(MATMUL, (transpose(input, -2, -1), grad)),
    },
    linear_in=("input", "other"),
    flops=lambda out, a, b: 2 * out.size * a.shape[-1],
)
LINEAR: Op = Op(
    "linear",
    ("input", "weight", "bias"),
    lambda x, w, bias: Spec((x.shape[0], w.shape[0]), x.dtype),
    vjp={
        "input": lambda grad, weight: apply(MATMUL, (grad, weight)),
        "weight": lambda grad, input: apply(MATMUL, (transpose(grad, 0, 1), input)),
        "bias": lambda grad: sum(grad, 0),
    },
    linear_in=("input", "weight"),
    flops=lambda out, x, w, _: 2 * out.size * x.shape[1],
)
LINEAR_RELU = with_relu(LINEAR)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Matrix product over the last axis of input and the last but one of other; leading axes broadcast.

    A vector on the left is a row, on the right a column, and its axis is gone from the result.

    Parameters
    ----------
    input
        (..., m, k) or (k,), float.
    other
        (..., k, n) or (k,), of the same dtype.

    Raises
    ------
    ShapeError
        If the two lengths k differ or the leading axes do not broadcast.
    """
    require_float("matmul", input=input, other=other)
    require_same_dtype("matmul", input=input, other=other)
    try:
        shape = shapes.matmul_shape(input.shape, other.shape)
    except ValueError as error:
        raise ShapeError(listed(f"matmul: {error}", input=input.spec, other=other.spec)) from None
    if input.ndim == other.ndim == 2:
        return apply(MATMUL, (input, other))
    rows = _as_matrix(input, 0)
    columns = _as_matrix(other, 1)
    batch = shape[: len(shape) - (input.ndim > 1) - (other.ndim > 1)]
    product = apply(MATMUL, (_batched(rows, batch), _batched(columns, batch)))
    return reshape(product, shape)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Matrix product of (n, k) and (k, m); nothing broadcasts."""
    return _strict_product("mm", 2, "(rows, columns)", input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Matrix products of (b, n, k) and (b, k, m), one for each b; nothing broadcasts."""
    return _strict_product("bmm", 3, "(batch, rows, columns)", input, mat2)


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """out[i, j] = input[i] * vec2[j] of two vectors, promoted to a common dtype."""
    require_tensor("outer", input=input, vec2=vec2)
    require_ndim("outer", 1, "(length,)", input=input, vec2=vec2)
    return mul(unsqueeze(input, 1), vec2)


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Fully connected layer: y = x W^T + b.

    Parameters
    ----------
    input
        (..., in_features), float.
    weight
        (out_features, in_features).
    bias
        (out_features,).
    """
    return _linear(LINEAR, input, weight, bias)


def _linear(op: Op, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    require_float("linear", input=input, weight=weight)
    require_ndim("linear", 2, "(out_features, in_features)", weight=weight)
    if input.ndim == 0 or input.shape[-1] != weight.shape[1]:
        features = input.shape[-1] if input.ndim else "no"
        message = f"linear: input has {features} features but weight expects {weight.shape[1]}"
        raise ShapeError(listed(message, input=input.spec, weight=weight.spec))
    require_float("linear", **present(bias=bias))
    require_same_dtype("linear", input=input, weight=weight, **present(bias=bias))
    if bias is not None and bias.shape != weight.shape[:1]:
        message = f"linear: bias must have one element for each of the {weight.shape[0]} outputs"
        raise ShapeError(listed(message, weight=weight.spec, bias=bias.spec))
    rows = input if input.ndim == 2 else reshape(input, math.prod(input.shape[:-1]), input.shape[-1])
    out = apply(op, (rows, weight, no_bias(weight) if bias is None else bias))
    return out if input.ndim == 2 else reshape(out, (*input.shape[:-1], weight.shape[0]))


linear_relu = partial(_linear, LINEAR_RELU)


def no_bias(weight: Tensor) -> Tensor:
    """The zero-length array that stands for a missing bias."""
    spec = Spec((0,), weight.dtype)
    return Tensor(weight.backend.empty(spec), spec, weight.backend)


def _strict_product(op: str, ndim: int, axes: str, input: Tensor, mat2: Tensor) -> Tensor:
    require_float(op, input=input, mat2=mat2)
    require_same_dtype(op, input=input, mat2=mat2)
    require_ndim(op, ndim, axes, input=input, mat2=mat2)
    if input.shape[:-2] != mat2.shape[:-2] or input.shape[-1] != mat2.shape[-2]:
        message = f"{op}: mat2 must have as many rows as input has columns, and the same batch"
        raise ShapeError(listed(message, input=input.spec, mat2=mat2.spec))
    return apply(MATMUL, (input, mat2))


def _as_matrix(x: Tensor, new_axis: int) -> Tensor:
    if x.ndim > 1:
        return x
    return reshape(x, (1, x.shape[0]) if new_axis == 0 else (x.shape[0], 1))


def _batched(x: Tensor, batch: tuple[int, ...]) -> Tensor:
    """(B, rows, columns), B the product of the broadcast batch axes."""
    matrix = x.shape[-2:]
    return reshape(expand(x, (*batch, *matrix)), (Spec(batch, x.dtype).size, *matrix))
