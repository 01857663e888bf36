"""Functions of one variable that networks put between layers, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, prod, sqrt

from minigrad.interop.onnx.table import Family
from minigrad.nn import functional as F
from minigrad.ops.compare import where
from minigrad.tensor import Tensor

operator = Family("activation")


@operator("Relu", since=6)
def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return F.relu(x)


@operator("LeakyRelu", since=6)
def leaky_relu(x: Tensor, *, alpha: float = 0.01) -> Tensor:
    """X, and alpha * x below 0."""
    return F.leaky_relu(x, alpha)


@operator("PRelu", since=7)
def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """X, and slope * x below 0."""
    return where(x < 0, x * slope, x)


@operator("ThresholdedRelu")
def thresholded_relu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """X above alpha, else 0."""
    return where(x > alpha, x, 0.0)


@operator("Elu", since=6)
def elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """X, and alpha * (exp(x) - 1) below 0."""
    return F.elu(x, alpha)


@operator("Celu")
def celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """X, and alpha * (exp(x / alpha) - 1) below 0."""
    return F.elu(x / alpha) * alpha


@operator("Selu", since=6)
def selu(x: Tensor, *, alpha: float = 1.67326319217681884765625, gamma: float = 1.05070102214813232421875) -> Tensor:
    """Gamma times ELU."""
    return F.elu(x, alpha) * gamma


@operator("Sigmoid", since=6)
def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return x.sigmoid()


@operator("HardSigmoid", since=6)
def hard_sigmoid(x: Tensor, *, alpha: float = 0.2, beta: float = 0.5) -> Tensor:
    """Alpha * x + beta, between 0 and 1."""
    return (x * alpha + beta).clamp(0.0, 1.0)


@operator("HardSwish")
def hard_swish(x: Tensor) -> Tensor:
    """X times the hard sigmoid of slope 1/6."""
    return x * hard_sigmoid(x, alpha=1 / 6)


@operator("Swish")
def swish(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """X * sigmoid(alpha * x)."""
    return x * (x * alpha).sigmoid()


@operator("Mish")
def mish(x: Tensor) -> Tensor:
    """X * tanh(softplus(x))."""
    return x * F.softplus(x).tanh()


@operator("Gelu")
def gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    """X times the normal distribution function, or nearly."""
    if approximate == "tanh":
        return x * 0.5 * (1.0 + ((x + x * x * x * 0.044715) * sqrt(2 / pi)).tanh())
    return x * 0.5 * (1.0 + (x * (1 / sqrt(2))).erf())


@operator("Tanh", since=6)
def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return x.tanh()


@operator("Softplus")
def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return F.softplus(x)


@operator("Softsign")
def softsign(x: Tensor) -> Tensor:
    """X / (1 + |x|)."""
    return x / (x.abs() + 1.0)


@operator("Softmax")
def softmax(x: Tensor, *, axis: int = 1) -> Tensor:
    """Softmax over all axes from one on, together."""
    return _over_the_rest(F.softmax, x, axis)


@operator("LogSoftmax")
def log_softmax(x: Tensor, *, axis: int = 1) -> Tensor:
    """The logarithm of softmax over all axes from one on, together."""
    return _over_the_rest(F.log_softmax, x, axis)


@operator("Softmax", since=13)
def softmax_13(x: Tensor, *, axis: int = -1) -> Tensor:
    """Softmax along one axis."""
    return F.softmax(x, axis)


@operator("LogSoftmax", since=13)
def log_softmax_13(x: Tensor, *, axis: int = -1) -> Tensor:
    """The logarithm of softmax along one axis."""
    return F.log_softmax(x, axis)


def _over_the_rest(function: Callable[[Tensor, int], Tensor], x: Tensor, axis: int) -> Tensor:
    first = axis % x.ndim if axis < 0 else axis
    rows = x.reshape(prod(x.shape[:first]), prod(x.shape[first:]))
    return function(rows, 1).reshape(x.shape)
