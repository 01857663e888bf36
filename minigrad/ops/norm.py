"""Normalisation: of batches, by kernels that are each other's rules, and of the elements of an example, composed."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import Op, apply, apply_all, apply_in_place
from minigrad.backends.base import Spec
from minigrad.errors import DataError, ShapeError
from minigrad.ops.arguments import as_flag, as_number, as_shape, listed, present, require_float, require_same_dtype
from minigrad.ops.create import full
from minigrad.ops.elementwise import clone, neg, sqrt
from minigrad.ops.join import cat
from minigrad.ops.pad import pad
from minigrad.ops.reduce import mean, sum
from minigrad.ops.shape import reshape
from minigrad.ops.update import LERP
from minigrad.tensor import Tensor


def _input_grad(grad: Tensor, input: Tensor, affine: Tensor, mean: Tensor, var: Tensor, eps: float) -> Tensor:
    return apply(BATCH_NORM_INPUT_GRAD, (grad, input, affine, mean, var), (eps,))


def _twice_by_input(
    grad: Tensor, dy: Tensor, input: Tensor, affine: Tensor, mean: Tensor, var: Tensor, eps: float
) -> Tensor:
    """The whole derivative: mean and var are those of the input, and move with it."""
    normalised, rate = _normalised(input, _batch_axes(input), eps)
    grad_through, dy_through = (_input_grad(given, input, affine, mean, var, eps) for given in (grad, dy))
    total = (
        _mean_product(dy, normalised) * grad_through
        + _mean_product(grad, normalised) * dy_through
        + _mean_product(grad, dy_through) * normalised
    )
    return neg(rate * total)


def _twice_by_affine(grad: Tensor, dy: Tensor, input: Tensor, mean: Tensor, var: Tensor, eps: float) -> Tensor:
    channels = input.shape[1]
    unscaled = _input_grad(dy, input, _constant(2 * channels, 1.0, input), mean, var, eps)
    return pad(sum(grad * unscaled, _batch_axes(input)), (0, channels))


def _channels(x: Spec) -> Spec:
    return Spec(x.shape[1:2], x.dtype)


# The affine part is the weights, then the biases: one pass over the batch gives the gradients of both.
BATCH_NORM: Op = Op(
    "batch_norm",
    ("input", "affine"),
    lambda x, affine, eps: (x, _channels(x), _channels(x)),
    params=("eps",),
    outputs=("out", "mean", "var"),
    vjp={
        "input": _input_grad,
        "affine": lambda grad, input, mean, var, eps: apply(BATCH_NORM_AFFINE_GRAD, (grad, input, mean, var), (eps,)),
    },
    linear_in=("affine",),
    flops=lambda out, *_: 8 * out.size,
)
BATCH_NORM_AFFINE_GRAD: Op = Op(
    "batch_norm_affine_grad",
    ("dy", "input", "mean", "var"),
    lambda dy, x, *_: Spec((2 * x.shape[1],), x.dtype),
    params=("eps",),
    vjp={
        "dy": lambda grad, input, eps: apply(BATCH_NORM, (input, grad), (eps,)),
        "input": lambda grad, dy, input, mean, var, eps: _input_grad(dy, input, grad, mean, var, eps),
    },
    linear_in=("dy",),
    flops=lambda out, dy, *_: 4 * dy.size,
)
BATCH_NORM_INPUT_GRAD: Op = Op(
    "batch_norm_input_grad",
    ("dy", "input", "affine", "mean", "var"),
    lambda dy, *_: dy,
    params=("eps",),
    vjp={"dy": _input_grad, "input": _twice_by_input, "affine": _twice_by_affine},
    linear_in=("dy", "affine"),
    flops=lambda out, *_: 9 * out.size,
)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Each channel less its mean, over its standard deviation, times its weight, plus its bias.

    y = weight * (x - mean) / sqrt(var + eps) + bias. In training mean and var are those of the batch, var divided by
    the number of elements of a channel; the running ones follow them by running = (1 - momentum) * running + momentum *
    batch, in place, with var divided by one element less. In evaluation mean and var are the running ones.

    Parameters
    ----------
    input
        (N, C, ...), for example (N, C), (N, C, L) or (N, C, H, W); float.
    running_mean, running_var
        (C,), both or, in training, neither.
    weight, bias
        (C,), 1 and 0 by default.
    eps
        Added to var: positive in training, not negative in evaluation.

    Raises
    ------
    ShapeError
        If a channel has one element alone in training, whose var says nothing, or what belongs to channels is not (C,).
    DataError
        If one of the running tensors is given without the other, or eps is out of its range.

    References
    ----------
    .. [1] Ioffe, Szegedy, Batch normalization: accelerating deep network training by reducing internal covariate shift,
       2015, section 3.
    """
    require_float("batch_norm", input=input)
    if input.ndim < 2:
        raise ShapeError(listed("batch_norm: input must have at least 2 axes, (N, C, ...)", input=input.spec))
    moments = {"running_mean": running_mean, "running_var": running_var}
    _require_parts("batch_norm", input, input.shape[1:2], **moments, weight=weight, bias=bias)
    running = [moment for moment in moments.values() if moment is not None]
    if len(running) == 1 or not (running or training):
        raise DataError("batch_norm: running_mean and running_var must both be given or, in training, neither")
    momentum, eps = as_number("batch_norm", "momentum", momentum), as_number("batch_norm", "eps", eps, 0)
    if as_flag("batch_norm", "training", training) and eps == 0:
        raise DataError("batch_norm: eps must be positive in training, got 0")
    weight = _constant(input.shape[1], 1.0, input) if weight is None else weight
    bias = _constant(input.shape[1], 0.0, input) if bias is None else bias
    if not training:
        mean, var = running
        return _with_moments(input, mean, var, weight, bias, eps)
    out, *batch = _with_own_moments(input, weight, bias, eps)
    for target, moment in zip(running, batch, strict=False):
        apply_in_place(LERP, (target, moment), (momentum,))
    return out


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """The last axes less their mean, over their standard deviation, times the weight, plus the bias.

    y = weight * (x - mean) / sqrt(var + eps) + bias, with mean and var, divided by the number of elements, taken over
    the last axes for each place in the others.

    Parameters
    ----------
    input
        Float, of a shape that ends with normalized_shape.
    normalized_shape
        A length or several: those of the last axes.
    weight, bias
        Of shape normalized_shape, 1 and 0 by default.

    Raises
    ------
    ShapeError
        If a shape does not fit.

    References
    ----------
    .. [1] Ba, Kiros, Hinton, Layer normalization, 2016, section 3.
    """
    require_float("layer_norm", input=input)
    shape = as_shape("layer_norm", (normalized_shape,), 0)
    if not shape or input.shape[-len(shape) :] != shape:
        raise ShapeError(listed(f"layer_norm: the last axes of input must be {shape}", input=input.spec))
    _require_parts("layer_norm", input, shape, weight=weight, bias=bias)
    eps = as_number("layer_norm", "eps", eps, 0)
    out, _ = _normalised(input, tuple(range(input.ndim - len(shape), input.ndim)), eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


def _with_moments(input: Tensor, mean: Tensor, var: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The normalisation as one product and one sum for each element."""
    scale = weight / sqrt(var + eps)
    # The rules save a copy: the mean itself may have followed another batch before they run.
    shift = bias - clone(mean) * scale
    scale, shift = (reshape(each, (-1, *(1,) * (input.ndim - 2))) for each in (scale, shift))
    return input * scale + shift


def _with_own_moments(input: Tensor, weight: Tensor, bias: Tensor, eps: float) -> tuple[Tensor, ...]:
    """The normalisation by the batch itself, its mean and its unbiased variance; of nothing there are none."""
    count = input.numel() // max(input.shape[1], 1)
    if count == 1:
        raise ShapeError(listed("batch_norm: training needs more than one element for each channel", input=input.spec))
    out, mean, var = apply_all(BATCH_NORM, (input, cat([weight, bias])), (eps,))
    return (out, mean, var * (count / (count - 1))) if count else (out,)


def _normalised(input: Tensor, axes: tuple[int, ...], eps: float) -> tuple[Tensor, Tensor]:
    """(x - mean) / sqrt(var + eps) over the axes, and 1 / sqrt(var + eps)."""
    centred = input - mean(input, axes, keepdim=True)
    rate = 1.0 / sqrt(mean(centred * centred, axes, keepdim=True) + eps)
    return centred * rate, rate


def _mean_product(x: Tensor, y: Tensor) -> Tensor:
    return mean(x * y, _batch_axes(x), keepdim=True)


def _batch_axes(x: Tensor) -> tuple[int, ...]:
    """All axes but that of the channels."""
    return (0, *range(2, x.ndim))


def _constant(length: int, value: float, model: Tensor) -> Tensor:
    return full(length, value, model.dtype, model.device)


def _require_parts(op: str, input: Tensor, shape: tuple[int, ...], **parts: Tensor | None) -> None:
    """Raise an error unless what is given of them has this shape and the input's dtype."""
    given = present(**parts)
    require_float(op, **given)
    require_same_dtype(op, input=input, **given)
    for name, part in given.items():
        if part.shape != shape:
            message = f"{op}: {name} must have shape {shape}"
            raise ShapeError(listed(message, input=input.spec, **{name: part.spec}))
