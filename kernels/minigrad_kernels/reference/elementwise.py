"""Elementwise functions: out[i] = f(x[i], y[i]), where a 0-d input stands for all its elements.

Floats are computed in float64, integers in their own type.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Scalar = Any


def add(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x + y`; of bools, their or."""
    _apply(out, lambda a, b: a + b, x, y)


def sub(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x - y`."""
    _apply(out, lambda a, b: a - b, x, y)


def mul(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x y`; of bools, their and."""
    _apply(out, lambda a, b: a * b, x, y)


def div(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x / y`."""
    _apply(out, lambda a, b: a / b, x, y)


def floor_divide(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x / y`, rounded down; no integer y is 0."""
    _apply(out, lambda a, b: _floored(a, b) if np.issubdtype(out.dtype, np.floating) else a // b, x, y)


def pow(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x ** y`; NaN for a negative x and a y that is no integer."""
    _apply(out, lambda a, b: a**b, x, y)


def maximum(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = max(x, y)`, NaN where either is NaN."""
    _apply(out, lambda a, b: a if a > b or _is_nan(a) else b, x, y)


def minimum(out: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = min(x, y)`, NaN where either is NaN."""
    _apply(out, lambda a, b: a if a < b or _is_nan(a) else b, x, y)


def equal(out_bool: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x == y`."""
    _apply(out_bool, lambda a, b: a == b, x, y)


def not_equal(out_bool: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x != y`."""
    _apply(out_bool, lambda a, b: a != b, x, y)


def less(out_bool: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x < y`."""
    _apply(out_bool, lambda a, b: a < b, x, y)


def less_equal(out_bool: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x <= y`."""
    _apply(out_bool, lambda a, b: a <= b, x, y)


def greater(out_bool: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x > y`."""
    _apply(out_bool, lambda a, b: a > b, x, y)


def greater_equal(out_bool: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x >= y`."""
    _apply(out_bool, lambda a, b: a >= b, x, y)


def neg(out: np.ndarray, x: np.ndarray) -> None:
    """`out = -x`."""
    _apply(out, lambda a: -a, x)


def abs(out: np.ndarray, x: np.ndarray) -> None:
    """`out = |x|`."""
    _apply(out, np.abs, x)


def floor(out: np.ndarray, x: np.ndarray) -> None:
    """`out = x`, rounded down."""
    _apply(out, np.floor, x)


def trunc(out: np.ndarray, x: np.ndarray) -> None:
    """`out = x`, rounded towards 0."""
    _apply(out, np.trunc, x)


def exp(out: np.ndarray, x: np.ndarray) -> None:
    """`out = e ** x`."""
    _apply(out, np.exp, x)


def expm1(out: np.ndarray, x: np.ndarray) -> None:
    """`out = e ** x - 1`."""
    _apply(out, np.expm1, x)


def log(out: np.ndarray, x: np.ndarray) -> None:
    """`out = ln x`; -inf at 0, NaN below."""
    _apply(out, np.log, x)


def log1p(out: np.ndarray, x: np.ndarray) -> None:
    """`out = ln(1 + x)`; -inf at -1, NaN below."""
    _apply(out, np.log1p, x)


def sqrt(out: np.ndarray, x: np.ndarray) -> None:
    """`out = sqrt(x)`; NaN below 0."""
    _apply(out, np.sqrt, x)


def tanh(out: np.ndarray, x: np.ndarray) -> None:
    """`out = (e**x - e**-x) / (e**x + e**-x)`."""
    _apply(out, np.tanh, x)


def sigmoid(out: np.ndarray, x: np.ndarray) -> None:
    """`out = 1 / (1 + e**-x)`."""
    _apply(out, lambda a: 1 / (1 + np.exp(-a)), x)


def erf(out: np.ndarray, x: np.ndarray) -> None:
    """`out` = 2 / sqrt(pi) times the integral of e**(-t**2) from 0 to x."""
    _apply(out, math.erf, x)


def relu(out: np.ndarray, x: np.ndarray) -> None:
    """`out = x where x > 0, else 0`; NaN stays NaN."""
    _apply(out, lambda a: a if a > 0 or _is_nan(a) else 0, x)


def relu_input_grad(dx: np.ndarray, dy: np.ndarray, y: np.ndarray) -> None:
    """`dx = 0 where y <= 0, else dy`."""
    _apply(dx, lambda g, a: 0 if a <= 0 else g, dy, y)


def where(out: np.ndarray, condition: np.ndarray, x: np.ndarray, y: np.ndarray) -> None:
    """`out = x where condition, else y`."""
    _apply(out, lambda chosen, a, b: a if chosen else b, condition, x, y)


def cast(out: np.ndarray, x: np.ndarray) -> None:
    """Convert x to the type of out: to an integer, floats drop their fraction; to bool, all but 0 is True."""
    for place in np.ndindex(out.shape):
        out[place] = x[place].astype(out.dtype)


@np.errstate(all="ignore")
def _apply(out: np.ndarray, function: Callable[..., Scalar], *inputs: np.ndarray) -> None:
    inputs = tuple(np.broadcast_to(array, out.shape) for array in inputs)
    for place in np.ndindex(out.shape):
        out[place] = function(*(_widened(array[place] if array.ndim else array[()]) for array in inputs))


def _widened(value: Scalar) -> Scalar:
    return np.float64(value) if isinstance(value, np.floating) else value


def _floored(a: Scalar, b: Scalar) -> Scalar:
    """The quotient by way of the remainder, which is exact; the quotient itself may have been rounded up."""
    remainder = np.fmod(a, b)
    if b == 0 or _is_nan(remainder):
        return a / b if b == 0 else remainder
    return np.rint((a - remainder) / b) - (1 if remainder and (remainder < 0) != (b < 0) else 0)


def _is_nan(value: Scalar) -> bool:
    return bool(value != value)
