"""Dropout, its own adjoint. The mask is not stored: (seed, offset) name it, and backward computes it again."""

from __future__ import annotations

from minigrad import random
from minigrad.autograd import Op, apply
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_flag, as_probability, listed, require_float
from minigrad.ops.create import ones
from minigrad.ops.shape import reshape
from minigrad.tensor import Tensor

DROPOUT: Op = Op(
    "dropout",
    ("input",),
    lambda x, *_: x,
    params=("threshold", "scale", "seed", "offset"),
    vjp={"input": lambda grad, params: apply(DROPOUT, (grad,), params)},
    linear_in=("input",),
    flops=lambda out, *_: out.size,
)


def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Inverted dropout: each element is 0 with probability p, else divided by 1 - p. The input itself if not training.

    References
    ----------
    .. [1] Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, JMLR 2014, section 10.
    """
    probability = _probability("dropout", input, p, training)
    if not training or probability == 0:
        return input
    return _masked(input, probability, 1 / (1 - probability) if probability < 1 else 0.0)


def vanilla_dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Dropout as the paper has it: each element is 0 with probability p in training; all are scaled by 1 - p after it.

    References
    ----------
    .. [1] Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, JMLR 2014, section 4.
    """
    probability = _probability("vanilla_dropout", input, p, training)
    return _masked(input, probability, 1.0) if training else input * (1 - probability)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """Inverted dropout of whole channels: one draw for each channel of each image. The input itself if not training.

    Parameters
    ----------
    input
        (N, C, H, W) or (N, C, L); float.

    References
    ----------
    .. [1] Tompson et al., Efficient object localization using convolutional networks, 2015, section 3.2.
    """
    probability = _probability("dropout2d", input, p, training)
    if input.ndim not in (3, 4):
        message = "dropout2d: input must have 4 axes, (N, C, H, W), or 3 axes, (N, C, L)"
        raise ShapeError(listed(message, input=input.spec))
    if not training or probability == 0:
        return input
    kept = dropout(ones(*input.shape[:2], dtype=input.dtype, device=input.device), p)
    return input * reshape(kept, (*kept.shape, *(1,) * (input.ndim - 2)))


def _probability(op: str, input: Tensor, p: float, training: bool) -> float:
    require_float(op, input=input)
    as_flag(op, "training", training)
    return as_probability(op, p)


def _masked(input: Tensor, p: float, scale: float) -> Tensor:
    """An element is dropped where its 32-bit word is below p * 2**32."""
    seed, offset = random.draw(random.DROPOUT, input.numel())
    return apply(DROPOUT, (input,), (round(p * 2**32), scale, seed, offset))
