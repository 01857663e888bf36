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
from minigrad.errors import ShapeError
from minigrad.ops import update
from minigrad.ops.arguments import as_number, as_one_of, listed, require_float, require_tensor
from minigrad.ops.create import as_fill, empty
from minigrad.recording import no_grad
from minigrad.tensor import Tensor, wrap

_GAINS = {"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv_transpose2d": 1.0, "sigmoid": 1.0}
_GAINS |= {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}


def fans(weight: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight with at least two axes."""
    return _fans("fans", weight)


def _fans(op: str, weight: Tensor) -> tuple[int, int]:
    require_tensor(op, weight=weight)
    if weight.ndim < 2:
        raise ShapeError(listed(f"{op}: a weight needs two axes, (outputs, inputs, ...)", weight=weight.spec))
    kernel = math.prod(weight.shape[2:])
    return weight.shape[1] * kernel, weight.shape[0] * kernel


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much the deviation has to grow to make up for what a nonlinearity takes away: PyTorch's table.

    1 for "linear", the convolutions and "sigmoid", 5/3 for "tanh", sqrt(2) for "relu", 3/4 for "selu",
    sqrt(2 / (1 + slope^2)) for "leaky_relu", whose slope is `param`, by default 0.01.
    """
    return _gain("calculate_gain", nonlinearity, "param", 0.01 if param is None else param)


def _gain(op: str, nonlinearity: str, name: str, slope: float) -> float:
    as_one_of(op, "nonlinearity", nonlinearity, *_GAINS, "leaky_relu")
    slope = as_number(op, name, slope)
    return math.sqrt(2 / (1 + slope * slope)) if nonlinearity == "leaky_relu" else _GAINS[nonlinearity]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Fill with numbers drawn evenly from [a, b), 24 random bits each."""
    return update.uniform_(tensor, a, b)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Fill with numbers of a normal distribution."""
    return update.normal_(tensor, mean, std)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value."""
    return _filled("constant_", tensor, val)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros."""
    return _filled("zeros_", tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones."""
    return _filled("ones_", tensor, 1)


def small_gaussian_(tensor: Tensor, std: float = 0.01) -> Tensor:
    """Normal numbers of mean 0 and a small deviation: the naive start, under which deep networks fade out."""
    return update.normal_(tensor, 0.0, std, "small_gaussian_")


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
    return update.normal_(tensor, 0.0, _kaiming("kaiming_normal_", tensor, a, mode, nonlinearity))


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform numbers in +-gain sqrt(3 / fan), of the same deviation as `kaiming_normal_`, and with its parameters."""
    bound = math.sqrt(3) * _kaiming("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound)


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Normal numbers of deviation gain sqrt(2 / (fan_in + fan_out)): a compromise of forward and backward scale.

    References
    ----------
    .. [1] Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010,
       equation 16.
    """
    return update.normal_(tensor, 0.0, _xavier("xavier_normal_", tensor, gain, 2))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform numbers in +-gain sqrt(6 / (fan_in + fan_out)), of the same deviation as `xavier_normal_`."""
    bound = _xavier("xavier_uniform_", tensor, gain, 6)
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
    columns, gain = _fans("orthogonal_", tensor)[0], as_number("orthogonal_", "gain", gain)
    rows = tensor.shape[0]
    normal = normal_(empty(max(rows, columns), min(rows, columns), dtype=dtypes.float64)).numpy()
    q, r = np.linalg.qr(normal)
    q *= np.where(np.diagonal(r) < 0, -gain, gain)
    matrix = q if rows >= columns else q.T
    return update.copy_(tensor, wrap(matrix.reshape(tensor.shape).astype(tensor.dtype), tensor.backend))


@no_grad()
def _filled(op: str, tensor: Tensor, value: float) -> Tensor:
    require_tensor(op, tensor=tensor)
    apply_in_place(FILL, (tensor,), (as_fill(op, "val", value, tensor.dtype),))
    return tensor


def _xavier(op: str, tensor: Tensor, gain: float, share: int) -> float:
    require_float(op, tensor=tensor)
    return as_number(op, "gain", gain, 0) * math.sqrt(share / max(sum(_fans(op, tensor)), 1))


def _kaiming(op: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """The deviation."""
    require_float(op, tensor=tensor)
    fan = _fans(op, tensor)[as_one_of(op, "mode", mode, "fan_in", "fan_out") == "fan_out"]
    # A weight of no fan has no elements: any deviation will do.
    return _gain(op, nonlinearity, "a", a) / math.sqrt(max(fan, 1))
