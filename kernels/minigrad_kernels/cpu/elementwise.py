"""Elementwise functions: out[i] = f(x[i], y[i]) for arrays of any strides, of out's shape or 0-d.

NumPy's ufuncs are vector loops over strided arrays for every dtype and need no compilation: they do the work, and
threads share what is large and contiguous. ReLU and its gradient, which every hidden layer runs, are kernels of our
own, 3 to 7 times as fast as NumPy's maximum; e**x, which rounds better than NumPy's, the sigmoid and erf are, too.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team, threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.exponential import exp as power_of_e
from minigrad_kernels.cpu.quiet import quiet

Array = NDArray[Any]

# Below this size one thread is always enough, and asking costs more than it is worth.
LARGE = 50_000

# Rough time for an element, in nanoseconds.
ARITHMETIC = 0.15
TRANSCENDENTAL = 1.0
ERF = 9.0

# NumPy's in float32 is off by more than a unit near 0.
_log1p_64 = partial(np.log1p, dtype=np.float64, casting="same_kind")


def _apply(nanoseconds: float, ufunc: Callable[..., Any], out: Array, *inputs: Array) -> None:
    """Call a ufunc that takes this long for an element; elements do not depend on each other, so any cut will do."""
    if out.size < LARGE or not all(x.size == out.size and x.flags.c_contiguous for x in inputs):
        quiet(ufunc, *inputs, out=out)
    else:
        flat = (array.reshape(-1) for array in (out, *inputs))
        team.call_away()
        threads.run(_apply_to_share, out.size, out.size * nanoseconds, ufunc, *flat)


def _apply_to_share(begin: int, end: int, worker: int, ufunc: Callable[..., Any], out: Array, *inputs: Array) -> None:
    quiet(ufunc, *(x[begin:end] for x in inputs), out=out[begin:end])


def _flat(x: Array, out: Array) -> Array:
    """Elements of x in a row, as many as out has; a copy only where x is strided or 0-d."""
    return (x if x.size == out.size else np.broadcast_to(x, out.shape)).ravel()


def add(out: Array, x: Array, y: Array) -> None:
    """`out = x + y`; of bools, their or."""
    _apply(ARITHMETIC, np.add, out, x, y)


def sub(out: Array, x: Array, y: Array) -> None:
    """`out = x - y`."""
    _apply(ARITHMETIC, np.subtract, out, x, y)


def mul(out: Array, x: Array, y: Array) -> None:
    """`out = x y`; of bools, their and."""
    _apply(ARITHMETIC, np.multiply, out, x, y)


def div(out: Array, x: Array, y: Array) -> None:
    """`out = x / y`."""
    _apply(ARITHMETIC, np.divide, out, x, y)


def floor_divide(out: Array, x: Array, y: Array) -> None:
    """`out = x / y`, rounded down; no integer y is 0."""
    _apply(TRANSCENDENTAL, np.floor_divide, out, x, y)


def pow(out: Array, x: Array, y: Array) -> None:
    """`out = x ** y`; NaN for a negative x and a y that is no integer."""
    _apply(TRANSCENDENTAL, np.power, out, x, y)


def maximum(out: Array, x: Array, y: Array) -> None:
    """`out = max(x, y)`, NaN where either is NaN."""
    _apply(ARITHMETIC, np.maximum, out, x, y)


def minimum(out: Array, x: Array, y: Array) -> None:
    """`out = min(x, y)`, NaN where either is NaN."""
    _apply(ARITHMETIC, np.minimum, out, x, y)


def equal(out_bool: Array, x: Array, y: Array) -> None:
    """`out = x == y`."""
    _apply(ARITHMETIC, np.equal, out_bool, x, y)


def not_equal(out_bool: Array, x: Array, y: Array) -> None:
    """`out = x != y`."""
    _apply(ARITHMETIC, np.not_equal, out_bool, x, y)


def less(out_bool: Array, x: Array, y: Array) -> None:
    """`out = x < y`."""
    _apply(ARITHMETIC, np.less, out_bool, x, y)


def less_equal(out_bool: Array, x: Array, y: Array) -> None:
    """`out = x <= y`."""
    _apply(ARITHMETIC, np.less_equal, out_bool, x, y)


def greater(out_bool: Array, x: Array, y: Array) -> None:
    """`out = x > y`."""
    _apply(ARITHMETIC, np.greater, out_bool, x, y)


def greater_equal(out_bool: Array, x: Array, y: Array) -> None:
    """`out = x >= y`."""
    _apply(ARITHMETIC, np.greater_equal, out_bool, x, y)


def neg(out: Array, x: Array) -> None:
    """`out = -x`."""
    _apply(ARITHMETIC, np.negative, out, x)


def abs(out: Array, x: Array) -> None:
    """`out = |x|`."""
    _apply(ARITHMETIC, np.absolute, out, x)


def floor(out: Array, x: Array) -> None:
    """`out = x`, rounded down."""
    _apply(ARITHMETIC, np.floor, out, x)


def trunc(out: Array, x: Array) -> None:
    """`out = x`, rounded towards 0."""
    _apply(ARITHMETIC, np.trunc, out, x)


def exp(out: Array, x: Array) -> None:
    """`out = e ** x`."""
    team.run(_exp, out.size, out.size * TRANSCENDENTAL, out.reshape(-1), _flat(x, out))


def expm1(out: Array, x: Array) -> None:
    """`out = e ** x - 1`."""
    _apply(TRANSCENDENTAL, np.expm1, out, x)


def log(out: Array, x: Array) -> None:
    """`out = ln x`; -inf at 0, NaN below."""
    _apply(TRANSCENDENTAL, np.log, out, x)


def log1p(out: Array, x: Array) -> None:
    """`out = ln(1 + x)`; -inf at -1, NaN below."""
    _apply(TRANSCENDENTAL, _log1p_64, out, x)


def sqrt(out: Array, x: Array) -> None:
    """`out = sqrt(x)`; NaN below 0."""
    _apply(TRANSCENDENTAL, np.sqrt, out, x)


def tanh(out: Array, x: Array) -> None:
    """`out = (e**x - e**-x) / (e**x + e**-x)`."""
    _apply(TRANSCENDENTAL, np.tanh, out, x)


def sigmoid(out: Array, x: Array) -> None:
    """`out = 1 / (1 + e**-x)`; where e**-x overflows, 1 / infinity is the 0 that it should be."""
    team.run(_sigmoid, out.size, out.size * TRANSCENDENTAL, out.reshape(-1), _flat(x, out))


def erf(out: Array, x: Array) -> None:
    """`out` = 2 / sqrt(pi) times the integral of e**(-t**2) from 0 to x."""
    team.run(_erf, out.size, out.size * ERF, out.reshape(-1), _flat(x, out))


def relu(out: Array, x: Array) -> None:
    """`out = x where x > 0, else 0`; NaN stays NaN."""
    team.run(_relu, out.size, out.size * ARITHMETIC, out.reshape(-1), _flat(x, out))


def relu_input_grad(dx: Array, dy: Array, y: Array) -> None:
    """`dx = 0 where y <= 0, else dy`."""
    arrays = dx.reshape(-1), _flat(dy, dx), _flat(y, dx)
    team.run(_relu_input_grad, dx.size, dx.size * ARITHMETIC, *arrays)


def where(out: Array, condition: Array, x: Array, y: Array) -> None:
    """`out = x where condition, else y`."""
    np.copyto(out, y)
    np.copyto(out, x, where=condition)


def cast(out: Array, x: Array) -> None:
    """Convert x to the type of out: to an integer, floats drop their fraction; to bool, all but 0 is True."""
    quiet(np.copyto, out, x, casting="unsafe")


@kernel("out T1", "in T1")
def _exp(begin, end, worker, out, x):
    out, x = out[begin:end], x[begin:end]
    for i in range(len(out)):
        out[i] = power_of_e(x[i])


@kernel("out T1", "in T1")
def _sigmoid(begin, end, worker, out, x):
    out, x = out[begin:end], x[begin:end]
    one = out.dtype.type(1)
    for i in range(len(out)):
        out[i] = one / (one + power_of_e(-x[i]))


@kernel("out T1", "in T1")
def _erf(begin, end, worker, out, x):
    out, x = out[begin:end], x[begin:end]
    for i in range(len(out)):
        out[i] = math.erf(x[i])


@kernel("out T1", "in T1")
def _relu(begin, end, worker, out, x):
    out, x = out[begin:end], x[begin:end]
    zero = out.dtype.type(0)
    for i in range(len(out)):
        out[i] = zero if x[i] <= zero else x[i]


@kernel("out T1", "in T1", "in T1")
def _relu_input_grad(begin, end, worker, dx, dy, y):
    dx, dy, y = dx[begin:end], dy[begin:end], y[begin:end]
    zero = dx.dtype.type(0)
    for i in range(len(dx)):
        dx[i] = zero if y[i] <= zero else dy[i]
