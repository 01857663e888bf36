"""Initialisation, in place, from the initialisation stream of `minigrad.manual_seed`.

Fans: a weight of shape (outputs, inputs, ...) has fan_in = inputs * the kernel's elements, what one output sums over,
and fan_out = outputs * the kernel's elements. For a grouped convolution, axis 1 has the inputs of a group. A transposed
convolution's weight is (inputs, outputs, ...) and read like any other: its fan_in is that of the convolution which it
transposes. All this is PyTorch's. Each weight[p, q] of a `LocallyConnected2d` is to be initialised by itself.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad import dtypes
from minigrad.autograd import FILL, apply_in_place
from minigrad.errors import DataError, ShapeError
from minigrad.ops import update
from minigrad.ops.arguments import listed, require_float, require_tensor
from minigrad.ops.create import empty
from minigrad.recording import no_grad
from minigrad.tensor import Tensor, wrap

_GAINS = {"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv_transpose2d": 1.0, "sigmoid": 1.0}
_GAINS |= {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}


def fans(weight: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight with at least two axes."""
    require_tensor("fans", weight=weight)
    if weight.ndim < 2:
        raise ShapeError(listed("fans: a weight needs two axes, (outputs, inputs, ...)", weight=weight.spec))
    kernel = math.prod(weight.shape[2:])
    return weight.shape[1] * kernel, weight.shape[0] * kernel


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much the deviation has to grow to make up for what a nonlinearity takes away: PyTorch's table.

    1 for "linear", the convolutions and "sigmoid", 5/3 for "tanh", sqrt(2) for "relu", 3/4 for "selu",
    sqrt(2 / (1 + slope^2)) for "leaky_relu", whose slope is `param`, by default 0.01.
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        names = ", ".join([*_GAINS, "leaky_relu"])
        raise DataError(f"calculate_gain: nonlinearity must be one of {names}, got {nonlinearity!r}")
    return _GAINS[nonlinearity]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Fill with numbers drawn evenly from [a, b), 24 random bits each."""
    return update.uniform_(tensor, a, b)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Fill with numbers of a normal distribution."""
    return update.normal_(tensor, mean, std)


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    require_tensor("constant_", tensor=tensor)
    apply_in_place(FILL, (tensor,), (val,))
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(tensor, 1)


def small_gaussian_(tensor: Tensor, std: float = 0.01) -> Tensor:
    """Normal numbers of mean 0 and a small deviation: the naive start, under which deep networks fade out."""
    return normal_(tensor, 0.0, std)


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Normal numbers of deviation gain / sqrt(fan), which keeps the scale of activations: by default sqrt(2 / fan_in).

    Parameters
    ----------
    a
        The slope of "leaky_relu" for negative numbers; 0 makes it a ReLU.
    mode
        "fan_in" keeps the scale of activations, "fan_out" that of gradients.
    nonlinearity
        What comes after the layer: a name that `calculate_gain` knows.

    References
    ----------
    .. [1] He et al., Delving deep into rectifiers, ICCV 2015, section 2.2.
    """
    return normal_(tensor, 0.0, _kaiming(tensor, a, mode, nonlinearity))


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform numbers in +-gain sqrt(3 / fan), of the same deviation as `kaiming_normal_`, and with its parameters."""
    bound = math.sqrt(3) * _kaiming(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal numbers of deviation gain sqrt(2 / (fan_in + fan_out)): a compromise of forward and backward scale.

    References
    ----------
    .. [1] Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010,
       equation 16.
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2 / _sum_of_fans(tensor)))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform numbers in +-gain sqrt(6 / (fan_in + fan_out)), of the same deviation as `xavier_normal_`."""
    bound = gain * math.sqrt(6 / _sum_of_fans(tensor))
    return uniform_(tensor, -bound, bound)


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """A random matrix (outputs, fan_in) with orthonormal rows, or columns if there are more rows, times gain.

    It is the Q of a normal matrix, with the signs that make it uniform over all such matrices.

    References
    ----------
    .. [1] Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear networks, ICLR 2014,
       section 3.
    """
    require_float("orthogonal_", tensor=tensor)
    columns = fans(tensor)[0]
    rows = tensor.shape[0]
    normal = normal_(empty(max(rows, columns), min(rows, columns), dtype=dtypes.float64)).numpy()
    q, r = np.linalg.qr(normal)
    q *= np.where(np.diagonal(r) < 0, -gain, gain)
    matrix = q if rows >= columns else q.T
    return update.copy_(tensor, wrap(matrix.reshape(tensor.shape).astype(tensor.dtype), tensor.backend))


def _sum_of_fans(tensor: Tensor) -> int:
    require_float("init", tensor=tensor)
    return max(sum(fans(tensor)), 1)


def _kaiming(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """The deviation."""
    require_float("init", tensor=tensor)
    if mode not in ("fan_in", "fan_out"):
        raise DataError(f"init: mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan = fans(tensor)[mode == "fan_out"]
    # A weight of no fan has no elements: any deviation will do.
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))
