"""Initialisation, in place, from the initialisation stream of `minigrad.manual_seed`.

Fans: a weight of shape (outputs, inputs, ...) has fan_in = inputs * the kernel's elements, what one output sums over,
and fan_out = outputs * the kernel's elements. For a grouped convolution these are the fans within a group.
"""

from __future__ import annotations

import math

import numpy as np

from minigrad import dtypes
from minigrad.autograd import FILL, apply_in_place
from minigrad.errors import ShapeError
from minigrad.ops.arguments import listed, require_float, require_tensor
from minigrad.ops.create import empty
from minigrad.ops.update import copy_, normal_, uniform_
from minigrad.recording import no_grad
from minigrad.tensor import Tensor, tensor

__all__ = [
    "constant_",
    "fans",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "small_gaussian_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def fans(weight: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight with at least two axes."""
    require_tensor("fans", weight=weight)
    if weight.ndim < 2:
        raise ShapeError(listed("fans: a weight needs two axes, (outputs, inputs, ...)", weight=weight.spec))
    kernel = math.prod(weight.shape[2:])
    return weight.shape[1] * kernel, weight.shape[0] * kernel


@no_grad()
def constant_(target: Tensor, value: float) -> Tensor:
    """Fill with one value."""
    require_tensor("constant_", target=target)
    apply_in_place(FILL, (target,), (value,))
    return target


def zeros_(target: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(target, 0)


def ones_(target: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(target, 1)


def small_gaussian_(target: Tensor, std: float = 0.01) -> Tensor:
    """Normal numbers of mean 0 and a small deviation: the naive start, under which deep networks fade out."""
    return normal_(target, 0.0, std)


def kaiming_normal_(target: Tensor, gain: float = math.sqrt(2)) -> Tensor:
    """Normal numbers of deviation gain / sqrt(fan_in), which keeps the scale of activations; sqrt(2) is for ReLU.

    References
    ----------
    .. [1] He et al., Delving deep into rectifiers, ICCV 2015, section 2.2.
    """
    return normal_(target, 0.0, gain / math.sqrt(_fan_in(target)))


def kaiming_uniform_(target: Tensor, gain: float = math.sqrt(2)) -> Tensor:
    """Even numbers in +-gain sqrt(3 / fan_in), of the same deviation as `kaiming_normal_`."""
    bound = gain * math.sqrt(3 / _fan_in(target))
    return uniform_(target, -bound, bound)


def xavier_normal_(target: Tensor, gain: float = 1.0) -> Tensor:
    """Normal numbers of deviation gain sqrt(2 / (fan_in + fan_out)): a compromise of forward and backward scale.

    References
    ----------
    .. [1] Glorot, Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010,
       equation 16.
    """
    return normal_(target, 0.0, gain * math.sqrt(2 / _sum_of_fans(target)))


def xavier_uniform_(target: Tensor, gain: float = 1.0) -> Tensor:
    """Even numbers in +-gain sqrt(6 / (fan_in + fan_out)), of the same deviation as `xavier_normal_`."""
    bound = gain * math.sqrt(6 / _sum_of_fans(target))
    return uniform_(target, -bound, bound)


@no_grad()
def orthogonal_(target: Tensor, gain: float = 1.0) -> Tensor:
    """A random matrix (outputs, fan_in) with orthonormal rows, or columns if there are more rows, times gain.

    It is the Q of a normal matrix, with the signs that make it uniform over all such matrices.

    References
    ----------
    .. [1] Saxe et al., Exact solutions to the nonlinear dynamics of learning in deep linear networks, ICLR 2014,
       section 3.
    """
    require_float("orthogonal_", target=target)
    columns = fans(target)[0]
    rows = target.shape[0]
    normal = normal_(empty(max(rows, columns), min(rows, columns), dtype=dtypes.float64)).numpy()
    q, r = np.linalg.qr(normal)
    q *= np.where(np.diagonal(r) < 0, -gain, gain)
    matrix = q if rows >= columns else q.T
    return copy_(target, tensor(matrix.reshape(target.shape), dtype=target.dtype, device=target.device))


def _sum_of_fans(target: Tensor) -> int:
    require_float("init", target=target)
    return max(sum(fans(target)), 1)


def _fan_in(target: Tensor) -> int:
    require_float("init", target=target)
    # A weight without inputs has no elements: any deviation will do.
    return max(fans(target)[0], 1)
