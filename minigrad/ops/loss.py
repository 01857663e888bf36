"""Losses of the distance between two tensors, and the reduction that all losses share."""

from __future__ import annotations

from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_number, as_one_of, listed, require_float, require_same_dtype
from minigrad.ops.compare import lt, where
from minigrad.ops.elementwise import abs
from minigrad.ops.reduce import mean, sum
from minigrad.tensor import Tensor


def mse_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Squared error: (input - target)^2.

    Parameters
    ----------
    input, target
        Of one shape and one dtype, float.
    reduction
        'none', 'sum', or 'mean' over all elements.
    """
    difference = _difference("mse_loss", input, target)
    return reduced("mse_loss", difference * difference, reduction)


def l1_loss(input: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Absolute error: abs(input - target), whose derivative at 0 is 0. Parameters are those of `mse_loss`."""
    return reduced("l1_loss", abs(_difference("l1_loss", input, target)), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Absolute error with a round bottom: d^2 / (2 beta) where abs(d) < beta, else abs(d) - beta / 2.

    Here d = input - target.

    Parameters
    ----------
    input, target, reduction
        Those of `mse_loss`.
    beta
        Where the square ends, not negative; 0 gives `l1_loss`.

    References
    ----------
    .. [1] Girshick, Fast R-CNN, 2015, section 2.3.
    """
    difference = _difference("smooth_l1_loss", input, target)
    beta = as_number("smooth_l1_loss", "beta", beta, 0)
    distance = abs(difference)
    if beta > 0:
        square = difference * difference * (0.5 / beta)
        distance = where(lt(distance, beta), square, distance - 0.5 * beta)
    return reduced("smooth_l1_loss", distance, reduction)


def reduced(op: str, losses: Tensor, reduction: str, count: Tensor | float | None = None) -> Tensor:
    """The losses, their sum, or their mean: the sum divided by `count`, by default the number of losses."""
    require_reduction(op, reduction)
    if reduction == "none":
        return losses
    if reduction == "mean" and count is None:
        return mean(losses)
    return sum(losses) if reduction == "sum" else sum(losses) / count


def require_reduction(op: str, reduction: str) -> None:
    """Raise DataError unless the reduction is one of the three."""
    as_one_of(op, "reduction", reduction, "none", "mean", "sum")


def require_same_shape(op: str, input: Tensor, target: Tensor) -> None:
    """Raise ShapeError unless the shapes are equal: to broadcast one of them is most often a mistake."""
    if input.shape != target.shape:
        raise ShapeError(listed(f"{op}: shapes must be equal", input=input.spec, target=target.spec))


def _difference(op: str, input: Tensor, target: Tensor) -> Tensor:
    require_float(op, input=input, target=target)
    require_same_dtype(op, input=input, target=target)
    require_same_shape(op, input, target)
    return input - target
