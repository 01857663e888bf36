"""Losses of the margin by which the score of the right class exceeds those of the others."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.ops.activation import relu
from minigrad.ops.arguments import as_flag, as_number, as_one_of, require_ndim
from minigrad.ops.classes import pick, require_classes, weights_of
from minigrad.ops.compare import where
from minigrad.ops.create import arange
from minigrad.ops.gather import require_in_range
from minigrad.ops.loss import reduced, require_reduction
from minigrad.ops.reduce import sum
from minigrad.ops.shape import unsqueeze
from minigrad.tensor import Tensor


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Hinge loss of several classes: sum over j != t of w_t max(0, margin - s_t + s_j)^p, divided by the classes.

    Parameters
    ----------
    input
        Scores s, (N, C) or (C,), float.
    target
        Classes t in [0, C), (N,) or (), int64.
    p
        1 or 2.
    weight
        (C,), of the scores' dtype.
    reduction
        'none', 'sum', or 'mean' over the examples.

    Raises
    ------
    ShapeError
        If the shapes do not match.
    DataError
        If a target is no class.

    References
    ----------
    .. [1] Crammer, Singer, On the algorithmic implementation of multiclass kernel-based vector machines, 2001.
    """
    as_one_of("multi_margin_loss", "p", p, 1, 2)
    margin = as_number("multi_margin_loss", "margin", margin)
    classes, excess = _excess("multi_margin_loss", input, target, margin, weight, reduction)
    losses = sum(excess if p == 1 else excess * excess, -1) / float(input.shape[-1])
    return reduced("multi_margin_loss", losses if weight is None else losses * weights_of(classes, weight), reduction)


def svm_loss(input: Tensor, target: Tensor, squared: bool = False, reduction: str = "mean") -> Tensor:
    """Multiclass SVM loss: sum over j != t of max(0, s_j - s_t + 1), or of its square, not divided by the classes.

    Parameters
    ----------
    input, target, reduction
        Those of `multi_margin_loss`, as are the errors.
    squared
        Sum the squares: the L2-SVM, which minds large margins more.

    References
    ----------
    .. [1] CS231n, Convolutional neural networks for visual recognition, Linear classification, Multiclass SVM.
    """
    _, excess = _excess("svm_loss", input, target, 1.0, None, reduction)
    losses = excess * excess if as_flag("svm_loss", "squared", squared) else excess
    return reduced("svm_loss", sum(losses, -1), reduction)


def _excess(
    op: str, input: Tensor, target: Tensor, margin: Any, weight: Tensor | None, reduction: str
) -> tuple[Tensor, Tensor]:
    """The classes, and max(0, s_j - s_t + margin), 0 for the class t itself."""
    axis = require_classes(op, input, target, weight)
    if axis != input.ndim - 1:
        require_ndim(op, 2, "(N, C), or 1 axis, (C,)", input=input)
    require_reduction(op, reduction)
    classes = target.to(dtypes.int64)
    require_in_range(op, "target", classes, input.shape[axis])
    right = unsqueeze(pick(input, classes, axis), -1)
    others = arange(input.shape[-1], device=input.device) != unsqueeze(classes, -1)
    return classes, where(others, relu(input - right + margin), 0.0)
