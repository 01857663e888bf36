"""Arithmetic, elementwise and broadcast."""

from __future__ import annotations

from functools import reduce

from minigrad.dtypes import FLOATS
from minigrad.interop.onnx.table import Family, Setting
from minigrad.ops import compare, elementwise
from minigrad.tensor import Tensor

operator = Family("arithmetic")


@operator("Add", since=7)
def add(x: Tensor, y: Tensor) -> Tensor:
    """X + y."""
    return x + y


@operator("Sub", since=7)
def sub(x: Tensor, y: Tensor) -> Tensor:
    """X - y."""
    return x - y


@operator("Mul", since=7)
def mul(x: Tensor, y: Tensor) -> Tensor:
    """X * y."""
    return x * y


@operator("Div", since=7)
def div(x: Tensor, y: Tensor) -> Tensor:
    """X / y; the quotient of integers is an integer, towards 0."""
    return x / y if x.dtype in FLOATS else x.div(y, rounding_mode="trunc")


@operator("Pow", since=7)
def pow(x: Tensor, y: Tensor) -> Tensor:
    """X to the power of y, in the dtype of x."""
    return x.pow(y).to(x.dtype)


@operator("Neg", since=6)
def neg(x: Tensor) -> Tensor:
    """-x."""
    return x.neg()


@operator("Abs", since=6)
def abs(x: Tensor) -> Tensor:
    """|x|."""
    return x.abs()


@operator("Sign")
def sign(x: Tensor) -> Tensor:
    """1, 0 or -1."""
    return x.sign()


@operator("Floor", since=6)
def floor(x: Tensor) -> Tensor:
    """The largest whole number that is not larger."""
    return x.floor()


@operator("Ceil", since=6)
def ceil(x: Tensor) -> Tensor:
    """The smallest whole number that is not smaller."""
    return x.neg().floor().neg()


@operator("Reciprocal", since=6)
def reciprocal(x: Tensor) -> Tensor:
    """1 / x."""
    return 1.0 / x


@operator("Sqrt", since=6)
def sqrt(x: Tensor) -> Tensor:
    """Square root."""
    return x.sqrt()


@operator("Exp", since=6)
def exp(x: Tensor) -> Tensor:
    """E to the power of x."""
    return x.exp()


@operator("Log", since=6)
def log(x: Tensor) -> Tensor:
    """Natural logarithm."""
    return x.log()


@operator("Erf")
def erf(x: Tensor) -> Tensor:
    """Error function."""
    return x.erf()


@operator("Clip", since=6)
def clip(x: Tensor, *, min: float | None = None, max: float | None = None) -> Tensor:
    """X between two numbers."""
    return _between(x, min, max)


@operator("Clip", since=11)
def clip_11(x: Tensor, min: Setting | None = None, max: Setting | None = None) -> Tensor:
    """X between two numbers, which are inputs."""
    return _between(x, None if min is None else min.item(), None if max is None else max.item())


@operator("Min", since=6)
def minimum(*xs: Tensor) -> Tensor:
    """The smallest of each element."""
    return reduce(compare.minimum, xs)


@operator("Max", since=6)
def maximum(*xs: Tensor) -> Tensor:
    """The largest of each element."""
    return reduce(compare.maximum, xs)


@operator("Sum", since=6)
def sum(*xs: Tensor) -> Tensor:
    """The sum of tensors."""
    return reduce(elementwise.add, xs)


@operator("Mean", since=6)
def mean(*xs: Tensor) -> Tensor:
    """The mean of tensors."""
    return sum(*xs) / len(xs)


def _between(x: Tensor, least: float | None, most: float | None) -> Tensor:
    return x if least is None and most is None else x.clamp(least, most)
