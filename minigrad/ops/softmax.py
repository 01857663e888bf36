"""Softmax and its logarithm along one axis."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import Op, apply
from minigrad.ops.arguments import as_axis, require_float, require_tensor
from minigrad.ops.elementwise import exp, neg
from minigrad.ops.promotion import cast
from minigrad.ops.reduce import sum
from minigrad.tensor import Tensor

LOG_SOFTMAX: Op = Op(
    "log_softmax",
    ("input",),
    lambda x, axis: x,
    params=("axis",),
    vjp={"input": lambda grad, out, axis: apply(LOG_SOFTMAX_INPUT_GRAD, (grad, out), (axis,))},
    flops=lambda out, *_: 4 * out.size,
)
LOG_SOFTMAX_INPUT_GRAD: Op = Op(
    "log_softmax_input_grad",
    ("dy", "y"),
    lambda dy, y, axis: dy,
    params=("axis",),
    vjp={
        "dy": lambda grad, y, axis: grad - sum(grad * exp(y), axis, keepdim=True),
        "y": lambda grad, dy, y, axis: neg(grad * exp(y) * sum(dy, axis, keepdim=True)),
    },
    linear_in=("dy",),
    flops=lambda out, *_: 4 * out.size,
)


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """X - max(x) - log(sum(exp(x - max(x)))) along `dim`: the logarithm of the softmax, without overflow.

    With a dtype, input is cast to it first.
    """
    return _log_softmax("log_softmax", input, dim, dtype)


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`, without overflow. With a dtype, input is cast to it first."""
    return exp(_log_softmax("softmax", input, dim, dtype))


def _log_softmax(op: str, input: Tensor, dim: int, dtype: Any) -> Tensor:
    require_tensor(op, input=input)
    x = input if dtype is None else cast(input, dtype)
    require_float(op, input=x)
    return apply(LOG_SOFTMAX, (x,), (as_axis(op, dim, x.ndim),))
