"""Comparisons, logic, and choices by them."""

from __future__ import annotations

from minigrad.interop.onnx.table import Family
from minigrad.ops.compare import where as choose
from minigrad.tensor import Tensor

operator = Family("comparison")


@operator("Equal", since=7)
def equal(x: Tensor, y: Tensor) -> Tensor:
    """X == y."""
    return x.eq(y)


@operator("Less", since=7)
def less(x: Tensor, y: Tensor) -> Tensor:
    """X < y."""
    return x.lt(y)


@operator("LessOrEqual")
def less_or_equal(x: Tensor, y: Tensor) -> Tensor:
    """X <= y."""
    return x.le(y)


@operator("Greater", since=7)
def greater(x: Tensor, y: Tensor) -> Tensor:
    """X > y."""
    return x.gt(y)


@operator("GreaterOrEqual")
def greater_or_equal(x: Tensor, y: Tensor) -> Tensor:
    """X >= y."""
    return x.ge(y)


@operator("Not")
def logical_not(x: Tensor) -> Tensor:
    """True where x is not."""
    return x.eq(False)


@operator("And", since=7)
def logical_and(x: Tensor, y: Tensor) -> Tensor:
    """True where both are."""
    return x.mul(y)


@operator("Or", since=7)
def logical_or(x: Tensor, y: Tensor) -> Tensor:
    """True where one is."""
    return x.maximum(y)


@operator("Xor", since=7)
def logical_xor(x: Tensor, y: Tensor) -> Tensor:
    """True where one alone is."""
    return x.ne(y)


@operator("Where")
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """X where the condition holds, else y."""
    return choose(condition, x, y)
