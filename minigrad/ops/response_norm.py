"""Local response normalisation; the rules of its gradient are composed."""

from __future__ import annotations

from minigrad.autograd import Op, apply
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_int, as_number, listed, require_float
from minigrad.ops.elementwise import neg
from minigrad.ops.pad import pad
from minigrad.ops.slicing import window
from minigrad.tensor import Tensor

Params = tuple[int, float, float, float]


def _sum_over_window(x: Tensor, before: int, size: int) -> Tensor:
    """The sum over `size` channels, of which so many come before each one's own; 0 outside."""
    channels = x.shape[1]
    padded = pad(x, (0, 0) * (x.ndim - 2) + (before, size - 1 - before))
    total = window(padded, 1, 0, channels)
    for start in range(1, size):
        total = total + window(padded, 1, start, start + channels)
    return total


def _in_window(x: Tensor, size: int) -> Tensor:
    return _sum_over_window(x, size // 2, size)


def _of_windows(x: Tensor, size: int) -> Tensor:
    """The sum over the channels whose windows hold a channel: the adjoint of `_in_window`."""
    return _sum_over_window(x, (size - 1) // 2, size)


def _scale(input: Tensor, size: int, alpha: float, beta: float, k: float) -> Tensor:
    return k + alpha / size * _in_window(input * input, size)


# With s the scale and W the sum over a window, dx = dy s**-b - 2 a b / size x W'(dy x s**(-b - 1)).
def _twice_by_dy(grad: Tensor, input: Tensor, params: Params) -> Tensor:
    size, alpha, beta, _ = params
    scale = _scale(input, *params)
    power = scale**-beta
    return grad * power - (2 * alpha * beta / size) * input * power / scale * _in_window(grad * input, size)


def _twice_by_input(grad: Tensor, dy: Tensor, input: Tensor, params: Params) -> Tensor:
    size, alpha, beta, _ = params
    scale = _scale(input, *params)
    slope = dy * scale ** (-beta - 1)
    around = _in_window(grad * input, size)
    curvature = (2 * alpha * (beta + 1) / size) * _of_windows(around * slope * input / scale, size)
    total = input * (_of_windows(grad * slope, size) - curvature)
    return neg((total + grad * _of_windows(slope * input, size) + around * slope) * (2 * alpha * beta / size))


LOCAL_RESPONSE_NORM: Op = Op(
    "local_response_norm",
    ("input",),
    lambda x, *_: x,
    params=("size", "alpha", "beta", "k"),
    vjp={"input": lambda grad, input, params: apply(LOCAL_RESPONSE_NORM_INPUT_GRAD, (grad, input), params)},
    flops=lambda out, x, size, *_: (2 * size + 6) * out.size,
)
LOCAL_RESPONSE_NORM_INPUT_GRAD: Op = Op(
    "local_response_norm_input_grad",
    ("dy", "input"),
    lambda dy, *_: dy,
    params=("size", "alpha", "beta", "k"),
    vjp={"dy": _twice_by_dy, "input": _twice_by_input},
    linear_in=("dy",),
    flops=lambda out, dy, x, size, *_: (3 * size + 10) * out.size,
)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Each element over a power of the squares around it, in the channels at its place.

    y[n, c, p] = x[n, c, p] / (k + alpha / size * sum of x[n, j, p]^2)^beta for c - floor(size / 2) <= j <=
    c + floor((size - 1) / 2), and x is 0 outside the channels. AlexNet's published alpha of 1e-4 is not divided by its
    size of 5: it is 5e-4 here.

    Parameters
    ----------
    input
        (N, C, ...), three axes at least; float.
    size
        Channels in a window.

    References
    ----------
    .. [1] Krizhevsky, Sutskever, Hinton, ImageNet classification with deep convolutional neural networks, 2012,
       section 3.3.
    """
    require_float("local_response_norm", input=input)
    if input.ndim < 3:
        message = "local_response_norm: input must have at least 3 axes, (N, C, ...)"
        raise ShapeError(listed(message, input=input.spec))
    settings = {"alpha": alpha, "beta": beta, "k": k}
    numbers = [as_number("local_response_norm", name, value) for name, value in settings.items()]
    return apply(LOCAL_RESPONSE_NORM, (input,), (as_int("local_response_norm", "size", size, 1), *numbers))
