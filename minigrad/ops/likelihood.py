"""Losses that are negative logarithms of probabilities."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.errors import ShapeError
from minigrad.ops.activation import softplus
from minigrad.ops.arguments import as_int, as_number, listed, present, require_float, require_same_dtype
from minigrad.ops.classes import pick, require_classes, weights_of
from minigrad.ops.compare import ne, where
from minigrad.ops.elementwise import neg
from minigrad.ops.gather import in_range, require_in_range
from minigrad.ops.loss import reduced, require_reduction, require_same_shape
from minigrad.ops.promotion import cast
from minigrad.ops.reduce import broadcast_shape, sum
from minigrad.ops.shape import reshape
from minigrad.ops.softmax import log_softmax, softmax_losses
from minigrad.tensor import Tensor


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
    label smoothing e, and class weights w that are 1 by default: `nll_loss` of `log_softmax`.

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
    axis = require_classes("cross_entropy", input, target, weight)
    label_smoothing = as_number("cross_entropy", "label_smoothing", label_smoothing, 0, 1)
    require_reduction("cross_entropy", reduction)
    counted, classes, weights = _targets("cross_entropy", target, weight, ignore_index, input.shape[axis])
    if label_smoothing == 0:
        losses = _weighed(softmax_losses(input, classes, axis), weights)
    else:
        log_p = log_softmax(input, axis)
        losses = _weighed(neg(pick(log_p, classes, axis)), weights) * (1 - label_smoothing)
        losses = losses + _smooth_part(log_p, weight, axis) * label_smoothing
    return _reduced("cross_entropy", losses, counted, weights, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Negative log-likelihood of the right class: -w_t input_t.

    Parameters
    ----------
    input
        Logarithms of probabilities, (N, C), (N, C, d1, ...) or (C,), float.
    target, weight, ignore_index, reduction
        Those of `cross_entropy`, as are the errors.
    """
    axis = require_classes("nll_loss", input, target, weight)
    require_reduction("nll_loss", reduction)
    counted, classes, weights = _targets("nll_loss", target, weight, ignore_index, input.shape[axis])
    losses = _weighed(neg(pick(input, classes, axis)), weights)
    return _reduced("nll_loss", losses, counted, weights, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Sigmoid loss of two classes: w (-p t log s(x) - (1 - t) log(1 - s(x))), s the sigmoid, without overflow.

    Parameters
    ----------
    input, target
        Scores x and probabilities t, of one shape and one float dtype.
    weight, pos_weight
        w and p, 1 by default, broadcast to the scores.
    reduction
        'none', 'sum', or 'mean' over all elements.
    """
    op = "binary_cross_entropy_with_logits"
    scales = present(weight=weight, pos_weight=pos_weight)
    require_float(op, input=input, target=target, **scales)
    require_same_dtype(op, input=input, target=target, **scales)
    require_same_shape(op, input, target)
    for name, scale in scales.items():
        if broadcast_shape(op, input=input.spec, **{name: scale.spec}) != input.shape:
            raise ShapeError(listed(f"{op}: {name} must broadcast to input", input=input.spec, **{name: scale.spec}))
    positive = 1.0 if pos_weight is None else 1.0 + (pos_weight - 1.0) * target
    # -log s(x); from 40 on, x is exact.
    losses = (1.0 - target) * input + positive * softplus(neg(input), threshold=40.0)
    return reduced(op, losses if weight is None else losses * weight, reduction)


def _targets(
    op: str, target: Tensor, weight: Tensor | None, ignore_index: int, number: int
) -> tuple[Tensor | None, Tensor, Tensor | None]:
    """Which targets count (None: all), their classes, 0 in place of those that do not, and their weights (None: 1)."""
    classes, counted = cast(target, dtypes.int64), None
    ignore_index = as_int(op, "ignore_index", ignore_index)
    # To look at targets on a GPU would mean to wait for it: there all are masked.
    if not target.backend.on_host or 0 <= ignore_index < number or not in_range(classes, number):
        if not target.backend.on_host or (classes.backend.to_numpy(classes.array) == ignore_index).any():
            counted = ne(classes, ignore_index)
            classes = where(counted, classes, 0)
        require_in_range(op, "target", classes, number)
    return counted, classes, None if weight is None else weights_of(classes, weight)


def _weighed(losses: Tensor, weights: Tensor | None) -> Tensor:
    return losses if weights is None else losses * weights


def _reduced(op: str, losses: Tensor, counted: Tensor | None, weights: Tensor | None, reduction: str) -> Tensor:
    """The losses that count, their sum, or that divided by the sum of their weights."""
    if counted is None:
        return reduced(op, losses, reduction, None if weights is None else sum(weights))
    number = sum(counted.to(losses.dtype) if weights is None else where(counted, weights, 0.0))
    return reduced(op, where(counted, losses, 0.0), reduction, number)


def _smooth_part(log_p: Tensor, weight: Tensor | None, axis: int) -> Tensor:
    """The mean over classes of -w_c log p_c."""
    scores = log_p
    if weight is not None:
        along_axis: list[Any] = [1] * log_p.ndim
        along_axis[axis] = -1
        scores = log_p * reshape(weight, along_axis)
    return sum(scores, axis) * (-1 / log_p.shape[axis])
