"""Elementwise functions: out[i] = f(x[i], y[i]) for arrays of any strides, of out's shape or 0-d.

Each is a function of scalars; `strided` makes kernels of them. Floats are computed in their own type; 0 and 1 are
written as float32, which holds them exactly and makes no wider number of either. Integers are computed in 64 bits, of
which out keeps the lower ones: that is how its type wraps around. Bools are the integers 0 and 1: their or is the
larger one, their and is the smaller.
"""

from builtins import abs as magnitude

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel
from minigrad_kernels.cuda.language import float32, int64, math, uint64
from minigrad_kernels.cuda.strided import WORDS, as_numbers, as_words, map_kernel, run

INTEGERS = ("int64", "int32", "uint8")
NUMBERS = ("float32", "float64", *INTEGERS)


def add(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x + y`; of bools, their or."""
    _run_numbers(_maximum if out.dtype == bool else _add, out, x, y)


def sub(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x - y`."""
    run(_sub, out, x, y)


def mul(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x y`; of bools, their and."""
    _run_numbers(_minimum if out.dtype == bool else _mul, out, x, y)


def div(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x / y`."""
    run(_div, out, x, y)


def floor_divide(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x / y`, rounded down; no integer y is 0."""
    run(_floor_divide_floats if out.dtype.kind == "f" else _floor_divide_integers, out, x, y)


def pow(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x ** y`; NaN for a negative x and a y that is no integer."""
    run(_pow_floats if out.dtype.kind == "f" else _pow_integers, out, x, y)


def maximum(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = max(x, y)`, NaN where either is NaN."""
    _run_numbers(_maximum, out, x, y)


def minimum(out: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = min(x, y)`, NaN where either is NaN."""
    _run_numbers(_minimum, out, x, y)


def equal(out_bool: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x == y`."""
    run(_equal, out_bool, *as_numbers(x, y))


def not_equal(out_bool: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x != y`."""
    run(_not_equal, out_bool, *as_numbers(x, y))


def less(out_bool: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x < y`."""
    run(_less, out_bool, *as_numbers(x, y))


def less_equal(out_bool: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x <= y`."""
    run(_less_equal, out_bool, *as_numbers(x, y))


def greater(out_bool: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x > y`."""
    less(out_bool, y, x)


def greater_equal(out_bool: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x >= y`."""
    less_equal(out_bool, y, x)


def neg(out: DeviceArray, x: DeviceArray) -> None:
    """`out = -x`."""
    run(_neg, out, x)


def abs(out: DeviceArray, x: DeviceArray) -> None:
    """`out = |x|`."""
    run(_abs, out, x)


def floor(out: DeviceArray, x: DeviceArray) -> None:
    """`out = x`, rounded down."""
    run(_floor, out, x)


def trunc(out: DeviceArray, x: DeviceArray) -> None:
    """`out = x`, rounded towards 0."""
    run(_trunc, out, x)


def exp(out: DeviceArray, x: DeviceArray) -> None:
    """`out = e ** x`."""
    run(_exp, out, x)


def expm1(out: DeviceArray, x: DeviceArray) -> None:
    """`out = e ** x - 1`."""
    run(_expm1, out, x)


def log(out: DeviceArray, x: DeviceArray) -> None:
    """`out = ln x`; -inf at 0, NaN below."""
    run(_log, out, x)


def log1p(out: DeviceArray, x: DeviceArray) -> None:
    """`out = ln(1 + x)`; -inf at -1, NaN below."""
    run(_log1p, out, x)


def sqrt(out: DeviceArray, x: DeviceArray) -> None:
    """`out = sqrt(x)`; NaN below 0."""
    run(_sqrt, out, x)


def tanh(out: DeviceArray, x: DeviceArray) -> None:
    """`out = (e**x - e**-x) / (e**x + e**-x)`."""
    run(_tanh, out, x)


def sigmoid(out: DeviceArray, x: DeviceArray) -> None:
    """`out = 1 / (1 + e**-x)`; where e**-x overflows, 1 / infinity is the 0 that it should be."""
    run(_sigmoid, out, x)


def erf(out: DeviceArray, x: DeviceArray) -> None:
    """`out` = 2 / sqrt(pi) times the integral of e**(-t**2) from 0 to x."""
    run(_erf, out, x)


def relu(out: DeviceArray, x: DeviceArray) -> None:
    """`out = x where x > 0, else 0`; NaN stays NaN."""
    run(_relu, out, x)


def relu_input_grad(dx: DeviceArray, dy: DeviceArray, y: DeviceArray) -> None:
    """`dx = 0 where y <= 0, else dy`."""
    run(_relu_input_grad, dx, dy, y)


def where(out: DeviceArray, condition: DeviceArray, x: DeviceArray, y: DeviceArray) -> None:
    """`out = x where condition, else y`."""
    out, x, y = as_words(out, x, y)
    run(_where, out, condition, x, y)


def cast(out: DeviceArray, x: DeviceArray) -> None:
    """Convert x to the type of out: to an integer, floats drop their fraction; to bool, all but 0 is True."""
    run(_to_bool if out.dtype == bool else _cast, out, *as_numbers(x))


def _run_numbers(kernel: Kernel, *arrays: DeviceArray) -> None:
    run(kernel, *as_numbers(*arrays))


@map_kernel("out T1", "in T1", "in T1", dtypes=NUMBERS)
def _add(x, y):
    return x + y


@map_kernel("out T1", "in T1", "in T1", dtypes=NUMBERS)
def _sub(x, y):
    return x - y


@map_kernel("out T1", "in T1", "in T1", dtypes=NUMBERS)
def _mul(x, y):
    return x * y


@map_kernel("out T1", "in T1", "in T1")
def _div(x, y):
    return x / y


@map_kernel("out T1", "in T1", "in T1")
def _floor_divide_floats(x, y):
    """The remainder is exact, and so is what it leaves of x; the quotient of that is rounded, to a whole number."""
    remainder = math.fmod(x, y)
    if y == float32(0):
        return x / y
    if remainder != remainder:
        return remainder
    quotient = (x - remainder) / y
    whole = math.floor(quotient)
    if quotient - whole > float32(0.5):
        whole += float32(1)
    if remainder != float32(0) and (remainder < float32(0)) != (y < float32(0)):
        whole -= float32(1)
    return whole


@map_kernel("out T1", "in T1", "in T1", dtypes=INTEGERS)
def _floor_divide_integers(x, y):
    """Of magnitudes, which 64 bits hold without a sign: a quotient below 0 is rounded up before it is negated."""
    dividend, divisor = uint64(magnitude(int64(x))), uint64(magnitude(int64(y)))
    is_negative = (x < 0) != (y < 0)
    if is_negative:
        dividend += divisor - uint64(1)
    quotient = int64(dividend // divisor)
    return -quotient if is_negative else quotient


@map_kernel("out T1", "in T1", "in T1")
def _pow_floats(x, y):
    return math.pow(x, y)


@map_kernel("out T1", "in T1", "in T1", dtypes=INTEGERS)
def _pow_integers(x, y):
    result, square, exponent = int64(1), int64(x), int64(y)
    while exponent > 0:
        if exponent & 1:
            result *= square
        square *= square
        exponent >>= 1
    return result


@map_kernel("out T1", "in T1", "in T1", dtypes=NUMBERS)
def _maximum(x, y):
    return x if x > y or x != x else y


@map_kernel("out T1", "in T1", "in T1", dtypes=NUMBERS)
def _minimum(x, y):
    return x if x < y or x != x else y


@map_kernel("out bool_1", "in T1", "in T1", dtypes=NUMBERS)
def _equal(x, y):
    return x == y


@map_kernel("out bool_1", "in T1", "in T1", dtypes=NUMBERS)
def _not_equal(x, y):
    return x != y


@map_kernel("out bool_1", "in T1", "in T1", dtypes=NUMBERS)
def _less(x, y):
    return x < y


@map_kernel("out bool_1", "in T1", "in T1", dtypes=NUMBERS)
def _less_equal(x, y):
    return x <= y


@map_kernel("out T1", "in T1", dtypes=NUMBERS)
def _neg(x):
    return -x


@map_kernel("out T1", "in T1", dtypes=NUMBERS)
def _abs(x):
    return magnitude(x)


@map_kernel("out T1", "in T1")
def _floor(x):
    return math.floor(x)


@map_kernel("out T1", "in T1")
def _trunc(x):
    return math.trunc(x)


@map_kernel("out T1", "in T1")
def _exp(x):
    return math.exp(x)


@map_kernel("out T1", "in T1")
def _expm1(x):
    return math.expm1(x)


@map_kernel("out T1", "in T1")
def _log(x):
    return math.log(x)


@map_kernel("out T1", "in T1")
def _log1p(x):
    return math.log1p(x)


@map_kernel("out T1", "in T1")
def _sqrt(x):
    return math.sqrt(x)


@map_kernel("out T1", "in T1")
def _tanh(x):
    return math.tanh(x)


@map_kernel("out T1", "in T1")
def _sigmoid(x):
    return float32(1) / (float32(1) + math.exp(-x))


@map_kernel("out T1", "in T1")
def _erf(x):
    return math.erf(x)


@map_kernel("out T1", "in T1")
def _relu(x):
    return float32(0) if x <= float32(0) else x


@map_kernel("out T1", "in T1", "in T1")
def _relu_input_grad(dy, y):
    return float32(0) if y <= float32(0) else dy


@map_kernel("out T1", "in bool_1", "in T1", "in T1", dtypes=WORDS)
def _where(condition, x, y):
    return x if condition else y


@map_kernel("out T1", "in S1", dtypes=NUMBERS, pairs=True)
def _cast(x):
    return x


@map_kernel("out bool_1", "in T1", dtypes=NUMBERS)
def _to_bool(x):
    return bool(x)
