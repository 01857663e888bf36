"""Clipping of gradients, between `backward` and `step`."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterable

from minigrad.checks import as_flag, as_number, as_positive
from minigrad.errors import DataError
from minigrad.ops.create import zeros
from minigrad.ops.update import copy_
from minigrad.recording import no_grad
from minigrad.tensor import Tensor, tensors_of

Parameters = Tensor | Iterable[Tensor]


@no_grad()
def clip_grad_norm_(
    parameters: Parameters, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scale all gradients, taken as one vector, down to a norm of at most `max_norm`.

    grad = grad * min(1, max_norm / (norm + 1e-6)), where norm = (sum |grad|^p)^(1/p).

    Parameters
    ----------
    parameters
        A tensor or several; those without a gradient are passed over.
    norm_type
        p, above 0; infinity for the largest absolute value.
    error_if_nonfinite
        Refuse a norm that is infinite or NaN, and change nothing. Otherwise an infinite norm makes zeros of finite
        gradients, and a NaN spreads to all.

    Returns
    -------
    Tensor
        The norm before, 0-d.

    References
    ----------
    .. [1] Pascanu et al., On the difficulty of training recurrent neural networks, ICML 2013, algorithm 1.
    """
    max_norm = as_number("clip_grad_norm_", "max_norm", max_norm, 0)
    norm_type = as_positive("clip_grad_norm_", "norm_type", norm_type)
    as_flag("clip_grad_norm_", "error_if_nonfinite", error_if_nonfinite)
    grads = _grads("clip_grad_norm_", parameters)
    norm = _norm(grads, norm_type) if grads else zeros(())
    if error_if_nonfinite and not math.isfinite(size := norm.item()):
        raise DataError(f"clip_grad_norm_: the gradients' norm of order {norm_type} is {size}; nothing was changed")
    scale = (max_norm / (norm + 1e-6)).minimum(1.0)  # a tensor: nobody waits for its value; NaN scales too
    for grad in grads:
        copy_(grad, grad * scale)
    return norm


@no_grad()
def clip_grad_value_(parameters: Parameters, clip_value: float) -> None:
    """Bound every element of every gradient: grad = min(max(grad, -clip_value), clip_value); NaN stays."""
    bound = as_number("clip_grad_value_", "clip_value", clip_value, 0)
    for grad in _grads("clip_grad_value_", parameters):
        copy_(grad, grad.maximum(-bound).minimum(bound))


def _grads(function: str, parameters: Parameters) -> list[Tensor]:
    """The gradients there are, and that have elements."""
    members = tensors_of(function, "parameters", parameters)
    return [member.grad for member in members if member.grad is not None and member.numel()]


def _norm(grads: list[Tensor], order: float) -> Tensor:
    if order == 2:
        return functools.reduce(operator.add, [(grad * grad).sum() for grad in grads]).sqrt()
    sizes = [grad.maximum(-grad) for grad in grads]
    if math.isinf(order):
        return functools.reduce(Tensor.maximum, [size.amax() for size in sizes])
    return functools.reduce(operator.add, [(size**order).sum() for size in sizes]) ** (1 / order)
