"""Elementwise kernels: out[i] = f(x[i], y[i]) for arrays of any strides, of out's shape or 0-d.

NumPy's ufuncs are vectorised loops over strided arrays, for every dtype, and need no compilation. ReLU and its gradient,
which every hidden layer runs, are Numba kernels over contiguous blocks instead: one pass, several threads.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import threads
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.quiet import quiet

Array = NDArray[Any]

# Elements of a task: enough to make a vector loop worth its start, few enough to share out.
BLOCK = 8192
# What reading and writing an element costs, in nanoseconds.
ELEMENT_NANOSECONDS = 0.2


def add(out: Array, x: Array, y: Array) -> None:
    """Write x + y."""
    quiet(np.add, x, y, out)


def sub(out: Array, x: Array, y: Array) -> None:
    """Write x - y."""
    quiet(np.subtract, x, y, out)


def mul(out: Array, x: Array, y: Array) -> None:
    """Write x * y."""
    quiet(np.multiply, x, y, out)


def div(out: Array, x: Array, y: Array) -> None:
    """Write x / y."""
    quiet(np.divide, x, y, out)


def pow(out: Array, x: Array, y: Array) -> None:
    """Write x to the power of y."""
    quiet(np.power, x, y, out)


def maximum(out: Array, x: Array, y: Array) -> None:
    """Write the larger of x and y, NaN if either is."""
    quiet(np.maximum, x, y, out)


def minimum(out: Array, x: Array, y: Array) -> None:
    """Write the smaller of x and y, NaN if either is."""
    quiet(np.minimum, x, y, out)


def equal(out_bool: Array, x: Array, y: Array) -> None:
    """Write x == y."""
    np.equal(x, y, out_bool)


def not_equal(out_bool: Array, x: Array, y: Array) -> None:
    """Write x != y."""
    np.not_equal(x, y, out_bool)


def less(out_bool: Array, x: Array, y: Array) -> None:
    """Write x < y."""
    quiet(np.less, x, y, out_bool)


def less_equal(out_bool: Array, x: Array, y: Array) -> None:
    """Write x <= y."""
    quiet(np.less_equal, x, y, out_bool)


def greater(out_bool: Array, x: Array, y: Array) -> None:
    """Write x > y."""
    quiet(np.greater, x, y, out_bool)


def greater_equal(out_bool: Array, x: Array, y: Array) -> None:
    """Write x >= y."""
    quiet(np.greater_equal, x, y, out_bool)


def neg(out: Array, x: Array) -> None:
    """Write -x."""
    quiet(np.negative, x, out)


def exp(out: Array, x: Array) -> None:
    """Write e to the power of x."""
    quiet(np.exp, x, out)


def log(out: Array, x: Array) -> None:
    """Write the natural logarithm of x."""
    quiet(np.log, x, out)


def sqrt(out: Array, x: Array) -> None:
    """Write the square root of x."""
    quiet(np.sqrt, x, out)


def tanh(out: Array, x: Array) -> None:
    """Write the hyperbolic tangent of x."""
    quiet(np.tanh, x, out)


def sigmoid(out: Array, x: Array) -> None:
    """Write 1 / (1 + exp(-x)); exp overflows to infinity where the result is 0 to rounding."""
    quiet(np.negative, x, out)
    quiet(np.exp, out, out)
    quiet(np.add, out, 1, out)
    quiet(np.reciprocal, out, out)


def where(out: Array, condition: Array, x: Array, y: Array) -> None:
    """Write x where the condition holds, else y."""
    np.copyto(out, y)
    np.copyto(out, x, where=condition)


def cast(out: Array, x: Array) -> None:
    """Write x in the dtype of out; floats lose their fraction in an integer."""
    quiet(np.copyto, out, x, casting="unsafe")


def relu(out: Array, x: Array) -> None:
    """Write x where it is positive or NaN, else 0."""
    _run(_relu, out, x)


def relu_input_grad(dx: Array, dy: Array, y: Array) -> None:
    """Write dy where y is positive, NaN where y is, else 0."""
    _run(_relu_input_grad, dx, dy, y)


def _run(one: Any, out: Array, *inputs: Array) -> None:
    """Run a kernel over blocks of the flattened arrays."""
    flat = [array.reshape(-1) for array in inputs]
    threads.run(one, -(-out.size // BLOCK), out.size * ELEMENT_NANOSECONDS, out.reshape(-1), *flat)


@kernel("out T1", "in T1")
def _relu(begin, end, worker, y, x):
    y, x = y[begin * BLOCK : end * BLOCK], x[begin * BLOCK : end * BLOCK]
    for i in range(x.size):
        # Written so that NaN, for which no comparison holds, passes.
        y[i] = 0 if x[i] <= 0 else x[i]


@kernel("out T1", "in T1", "in T1")
def _relu_input_grad(begin, end, worker, dx, dy, y):
    dx, dy, y = dx[begin * BLOCK : end * BLOCK], dy[begin * BLOCK : end * BLOCK], y[begin * BLOCK : end * BLOCK]
    for i in range(y.size):
        dx[i] = 0 if y[i] <= 0 else (dy[i] if y[i] > 0 else y[i])
