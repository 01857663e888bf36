"""Variance, standard deviation, norms and the logarithm of a sum of exponentials: sums of functions of the elements."""

from __future__ import annotations

import math
from typing import Any

from minigrad.ops.arguments import as_axes, as_number, as_positive, require_float
from minigrad.ops.compare import eq, lt, where
from minigrad.ops.elementwise import abs, exp, log, pow, square
from minigrad.ops.extremes import amax
from minigrad.ops.promotion import as_float
from minigrad.ops.reduce import mean, sum
from minigrad.ops.shape import squeeze
from minigrad.tensor import Tensor


def var(input: Tensor, dim: Any = None, *, correction: float = 1, keepdim: bool = False) -> Tensor:
    """Variance over the axes `dim`, all by default: sum((x - mean(x))^2) / max(n - correction, 0) of n elements."""
    return _variance("var", input, dim, correction, keepdim)


def std(input: Tensor, dim: Any = None, *, correction: float = 1, keepdim: bool = False) -> Tensor:
    """Standard deviation over the axes `dim`: the root of `var`, whose gradient is 0 where all elements are equal."""
    return _power(_variance("std", input, dim, correction, keepdim), 0.5)


def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(exp(x))) over the axes `dim`, without overflow; -inf where all elements are."""
    x = as_float("logsumexp", input)
    axes = as_axes("logsumexp", dim, x.ndim, keepdim)
    if not x.numel():
        return log(sum(exp(x), axes, keepdim))
    peak = amax(x.detach(), axes, keepdim=True)
    peak = where(lt(abs(peak), math.inf), peak, 0.0)
    out = log(sum(exp(x - peak), axes, keepdim=True)) + peak
    return out if keepdim else squeeze(out, axes)


def norm(input: Tensor, p: float = 2, dim: Any = None, keepdim: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p) over the axes `dim`, all by default: the p-norm; the largest |x| for an infinite p.

    The gradient is 0 where the norm is, and that of an element for p < 2 is 0 where the element is.

    Raises
    ------
    DataError
        If p is not above 0.
    """
    require_float("norm", input=input)
    p = as_positive("norm", "p", p)
    axes = as_axes("norm", dim, input.ndim, keepdim)
    if p == math.inf:
        return amax(abs(input), axes, keepdim)
    if p == 1:
        return sum(abs(input), axes, keepdim)
    # Not a power of |x|, whose second derivative would be lost where x is 0.
    powers = square(input) if p == 2 else _power(abs(input), p)
    return _power(sum(powers, axes, keepdim), 1 / p)


def _variance(op: str, input: Tensor, dim: Any, correction: float, keepdim: bool) -> Tensor:
    require_float(op, input=input)
    axes = as_axes(op, dim, input.ndim, keepdim)
    count = math.prod(input.shape[axis] for axis in axes) - as_number(op, "correction", correction)
    centred = input - mean(input, axes, keepdim=True)
    # The second time takes off what rounding left.
    return sum(square(centred - mean(centred, axes, keepdim=True)), axes, keepdim) / float(max(count, 0.0))


def _power(x: Tensor, exponent: float) -> Tensor:
    """X to a positive power, with a gradient of 0 where x is 0."""
    zero = eq(x, 0)
    return where(zero, 0.0, pow(where(zero, 1.0, x), exponent))
