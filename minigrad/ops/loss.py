"""Softmax and the losses."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.autograd import Op, apply
from minigrad.errors import DTypeError, ShapeError
from minigrad.ops.arguments import as_axis, listed, require_float, require_same_dtype, require_tensor
from minigrad.ops.elementwise import exp, ne, neg, where
from minigrad.ops.index import gather, require_in_range
from minigrad.ops.reduce import sum
from minigrad.ops.shape import reshape, squeeze, unsqueeze
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


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """X - max(x) - log(sum(exp(x - max(x)))) along `dim`: the logarithm of the softmax, without overflow."""
    require_float("log_softmax", input=input)
    return apply(LOG_SOFTMAX, (input,), (as_axis("log_softmax", dim, input.ndim),))


def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(x) / sum(exp(x)) along `dim`, without overflow."""
    require_float("softmax", input=input)
    return exp(log_softmax(input, as_axis("softmax", dim, input.ndim)))


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Softmax loss: -log of the probability that the scores give to the right class.

    For scores z and class t it is w_t (1 - e) (-log p_t) + (e / C) sum over c of w_c (-log p_c), with p = softmax(z),
    label smoothing e, and class weights w that are 1 by default.

    Parameters
    ----------
    input
        Scores, (N, C), (N, C, d1, ...) or (C,), float.
    target
        Classes in [0, C), (N,), (N, d1, ...) or (), int64.
    weight
        (C,), of the scores' dtype.
    ignore_index
        Targets of this value count for nothing.
    reduction
        'none', 'sum', or 'mean': the sum divided by the sum of the weights of the targets that count.
    label_smoothing
        e, in [0, 1].

    Raises
    ------
    ShapeError
        If the shapes do not match.
    DataError
        If a target is no class.
    """
    _check_scores(input, target, weight, reduction, label_smoothing)
    axis = 0 if input.ndim == 1 else 1
    counted, classes = _counted_classes(target, ignore_index)
    require_in_range("cross_entropy", "target", classes, input.shape[axis])
    log_p = log_softmax(input, axis)
    weights = _target_weights(classes, counted, weight, input)
    losses = neg(squeeze(gather(log_p, axis, unsqueeze(classes, axis)), axis))
    if weights is not None:
        losses = losses * weights
    if label_smoothing > 0:
        losses = losses * (1 - label_smoothing) + _smooth_part(log_p, counted, weight, axis) * label_smoothing
    if reduction == "none":
        return losses
    total = sum(losses)
    if reduction == "sum":
        return total
    return total / (float(losses.numel()) if weights is None else sum(weights))


def _check_scores(input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float) -> None:
    require_float("cross_entropy", input=input)
    require_tensor("cross_entropy", target=target)
    if input.ndim == 0 or target.shape != (input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()):
        message = "cross_entropy: target must have input's shape without the class axis"
        raise ShapeError(listed(message, input=input.spec, target=target.spec))
    if target.dtype not in (dtypes.int64, dtypes.int32, dtypes.uint8):
        message = "cross_entropy: target must hold classes as int64; write target.to(minigrad.int64)"
        raise DTypeError(listed(message, target=target.spec))
    if weight is not None:
        require_same_dtype("cross_entropy", input=input, weight=weight)
        if weight.shape != (input.shape[min(1, input.ndim - 1)],):
            message = "cross_entropy: weight must have one element for each class"
            raise ShapeError(listed(message, input=input.spec, weight=weight.spec))
    if reduction not in ("none", "mean", "sum"):
        raise ShapeError(f"cross_entropy: reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
    if not 0 <= smoothing <= 1:
        raise ShapeError(f"cross_entropy: label_smoothing must lie in [0, 1], got {smoothing}")


def _counted_classes(target: Tensor, ignore_index: int) -> tuple[Tensor | None, Tensor]:
    """Which targets count (None: all of them), and the classes, with 0 in place of those that do not."""
    classes = target.to(dtypes.int64)
    counted = ne(classes, ignore_index)
    if counted.backend.to_numpy(counted.array).all():
        return None, classes
    return counted, where(counted, classes, 0)


def _target_weights(classes: Tensor, counted: Tensor | None, weight: Tensor | None, input: Tensor) -> Tensor | None:
    """The weight of each target, 0 where it does not count; None if all weigh 1."""
    if weight is None:
        return None if counted is None else counted.to(input.dtype)
    weights = reshape(gather(weight, 0, reshape(classes, -1)), classes.shape)
    return weights if counted is None else where(counted, weights, 0.0)


def _smooth_part(log_p: Tensor, counted: Tensor | None, weight: Tensor | None, axis: int) -> Tensor:
    """The mean over classes of -w_c log p_c."""
    scores = log_p
    if weight is not None:
        along_axis: list[Any] = [1] * log_p.ndim
        along_axis[axis] = -1
        scores = log_p * reshape(weight, along_axis)
    means = sum(scores, axis) * (-1 / log_p.shape[axis])
    return means if counted is None else where(counted, means, 0.0)
