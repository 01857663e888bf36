"""Softmax and its logarithm along one axis, and the loss of both, which every classifier runs."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.ops.arguments import as_axis, require_float, require_tensor
from minigrad.ops.elementwise import exp, neg
from minigrad.ops.gather import GATHER
from minigrad.ops.promotion import cast
from minigrad.ops.reduce import sum
from minigrad.ops.shape import permute, reshape, squeeze, unsqueeze
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
SOFTMAX_LOSS: Op = Op(
    "softmax_loss",
    ("input", "target"),
    lambda x, target: (Spec(target.shape, x.dtype), Spec((*target.shape, 2), x.dtype)),
    outputs=("out", "scale"),
    vjp={"input": lambda grad, input, target, scale: apply(SOFTMAX_LOSS_INPUT_GRAD, (grad, input, target, scale))},
    constant_in=("target",),
    flops=lambda out, x, target: 4 * x.size,
)
SOFTMAX_LOSS_INPUT_GRAD: Op = Op(
    "softmax_loss_input_grad",
    ("dy", "input", "target", "scale"),
    lambda dy, x, *_: x,
    # The whole derivative: scale is that of the input, and moves with it.
    vjp={
        "dy": lambda grad, input, target: _along_softmax_error(grad, input, target),
        "input": lambda grad, dy, input: _softmax_rule(grad * unsqueeze(dy, 1), softmax(input, 1)),
    },
    constant_in=("target",),
    linear_in=("dy",),
    flops=lambda out, *_: 4 * out.size,
)


def _along_softmax_error(grad: Tensor, input: Tensor, target: Tensor) -> Tensor:
    right = apply(GATHER, (grad, unsqueeze(target, 1)), (1,))
    return sum(grad * softmax(input, 1), 1) - squeeze(right, 1)


def _softmax_rule(grad: Tensor, probabilities: Tensor) -> Tensor:
    return probabilities * (grad - sum(grad * probabilities, 1, keepdim=True))


def softmax_losses(input: Tensor, classes: Tensor, axis: int) -> Tensor:
    """The negative logarithm of each target's probability: `nll_loss` of `log_softmax`, in one pass."""
    if input.ndim == 2:
        return apply(SOFTMAX_LOSS, (input, classes))
    others = [other for other in range(input.ndim) if other != axis]
    rows = reshape(permute(input, *others, axis), (classes.numel(), input.shape[axis]))
    return reshape(apply(SOFTMAX_LOSS, (rows, reshape(classes, -1))), classes.shape)


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
    x = input if dtype is None else cast(input, dtype, op)
    require_float(op, input=x)
    return apply(LOG_SOFTMAX, (x,), (as_axis(op, dim, x.ndim),))
