"""Elementwise nonlinearities, and softmax. Their functions take tensors of any shape."""

from dataclasses import dataclass
from typing import Annotated, Any

from minigrad.nn import functional as F
from minigrad.nn.layers.settings import Int, Layer, Number, one_of
from minigrad.nn.module import Module


class ReLU(Layer):
    """max(x, 0)."""

    function = F.relu


@dataclass(eq=False, repr=False)
class LeakyReLU(Layer):
    """x where it is positive, else negative_slope * x."""

    function = F.leaky_relu
    negative_slope: Number = 0.01


@dataclass(eq=False, repr=False)
class ELU(Layer):
    """x where it is positive, else alpha * (exp(x) - 1)."""

    function = F.elu
    alpha: Number = 1.0


@dataclass(eq=False, repr=False)
class Softplus(Layer):
    """log(1 + exp(beta * x)) / beta; x itself, which is as good, where beta * x > threshold."""

    function = F.softplus
    beta: Number = 1.0
    threshold: Number = 20.0


class SiLU(Layer):
    """x * sigmoid(x)."""

    function = F.silu


@dataclass(eq=False, repr=False)
class GELU(Layer):
    """x * P(Z < x), Z of the standard normal distribution; approximate="tanh" computes P by a tanh."""

    function = F.gelu
    approximate: Annotated[str, one_of("none", "tanh")] = "none"


class Tanh(Layer):
    """Hyperbolic tangent."""

    function = F.tanh


class Sigmoid(Layer):
    """1 / (1 + exp(-x))."""

    function = F.sigmoid


@dataclass(eq=False, repr=False)
class Softmax(Layer):
    """exp(x) / sum(exp(x)) along the axis `dim`."""

    function = F.softmax
    dim: Int


@dataclass(eq=False, repr=False)
class LogSoftmax(Layer):
    """The logarithm of the softmax along the axis `dim`."""

    function = F.log_softmax
    dim: Int


class Identity(Module):
    """Its input, whatever the layer was made with: a place for another layer."""

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def forward(self, input: Any) -> Any:
        """Return the input."""
        return input
