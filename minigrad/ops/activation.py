"""ReLU and its relatives. ReLU, which every hidden layer runs, has kernels; the others are composed."""

from __future__ import annotations

import math
from dataclasses import replace

from minigrad.autograd import Op, apply, infer_elementwise
from minigrad.ops.arguments import as_number, as_one_of, require_float
from minigrad.ops.compare import elements, gt, where
from minigrad.ops.elementwise import erf, exp, expm1, log1p, sigmoid, tanh
from minigrad.tensor import Tensor

RELU = Op(
    "relu",
    ("input",),
    lambda x: x,
    vjp={"input": lambda grad, out: apply(RELU_INPUT_GRAD, (grad, out))},
    flops=elements,
)
RELU_INPUT_GRAD: Op = Op(
    "relu_input_grad",
    ("dy", "y"),
    infer_elementwise,
    vjp={"dy": lambda grad, y: apply(RELU_INPUT_GRAD, (grad, y))},
    constant_in=("y",),
    linear_in=("dy",),
    flops=elements,
)


def with_relu(op: Op) -> Op:
    """The op whose kernel applies ReLU to what it writes."""
    return replace(op, name=f"{op.name}_relu", linear_in=(), epilogue=RELU)


def relu(input: Tensor) -> Tensor:
    """max(input, 0); the derivative at 0 is 0; NaN propagates, and its derivative is 1."""
    require_float("relu", input=input)
    return apply(RELU, (input,))


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Input where it is positive, else negative_slope * input.

    Source: Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
    """
    require_float("leaky_relu", input=input)
    return where(gt(input, 0), input, input * as_number("leaky_relu", "negative_slope", negative_slope))


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Input where it is positive, else alpha * (exp(input) - 1).

    Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by ELUs, 2016.
    """
    require_float("elu", input=input)
    positive = gt(input, 0)
    # A branch not taken may not overflow: its derivative, 0 times infinity, would be NaN.
    return where(positive, input, as_number("elu", "alpha", alpha) * expm1(where(positive, 0.0, input)))


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta * input)) / beta; input itself, which is as good, where beta * input > threshold."""
    require_float("softplus", input=input)
    beta, threshold = as_number("softplus", "beta", beta), as_number("softplus", "threshold", threshold)
    scaled = input * beta
    linear = gt(scaled, threshold)
    return where(linear, input, log1p(exp(where(linear, 0.0, scaled))) / beta)


def silu(input: Tensor) -> Tensor:
    """Input * sigmoid(input).

    Source: Hendrycks, Gimpel, Gaussian error linear units, 2016.
    """
    require_float("silu", input=input)
    return input * sigmoid(input)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Input * P(Z < input), Z of the standard normal distribution.

    Parameters
    ----------
    approximate
        "none": P = (1 + erf(input / sqrt(2))) / 2; "tanh": P = (1 + tanh(sqrt(2 / pi) (input + 0.044715 input^3))) / 2.

    Source: Hendrycks, Gimpel, Gaussian error linear units, 2016.
    """
    require_float("gelu", input=input)
    if as_one_of("gelu", "approximate", approximate, "none", "tanh") == "none":
        return input * 0.5 * (1.0 + erf(input * math.sqrt(0.5)))
    cubic = input + 0.044715 * (input * input * input)
    return input * 0.5 * (1.0 + tanh(cubic * math.sqrt(2 / math.pi)))
