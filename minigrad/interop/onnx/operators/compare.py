"""Comparisons, logic, and choices by them."""

from __future__ import annotations

import minigrad as mg
from minigrad.interop.onnx.table import Family
from minigrad.tensor import Tensor

operator = Family("comparison")


@operator("Equal", since=7)
def equal(x: Tensor, y: Tensor) -> Tensor:
    """X == y."""
    return mg.eq(x, y)


@operator("Less", since=7)
def less(x: Tensor, y: Tensor) -> Tensor:
    """X < y."""
    return mg.lt(x, y)


@operator("LessOrEqual")
def less_or_equal(x: Tensor, y: Tensor) -> Tensor:
    """X <= y."""
    return mg.le(x, y)


@operator("Greater", since=7)
def greater(x: Tensor, y: Tensor) -> Tensor:
    """X > y."""
    return mg.gt(x, y)


@operator("GreaterOrEqual")
def greater_or_equal(x: Tensor, y: Tensor) -> Tensor:
    """X >= y."""
    return mg.ge(x, y)


@operator("Not")
def logical_not(x: Tensor) -> Tensor:
    """True where x is not."""
    return mg.eq(x, False)


@operator("And", since=7)
def logical_and(x: Tensor, y: Tensor) -> Tensor:
    """True where both are."""
    return mg.mul(x, y)


@operator("Or", since=7)
def logical_or(x: Tensor, y: Tensor) -> Tensor:
    """True where one is."""
    return mg.maximum(x, y)


@operator("Xor", since=7)
def logical_xor(x: Tensor, y: Tensor) -> Tensor:
    """True where one alone is."""
    return mg.ne(x, y)


@operator("Where")
def where(condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """X where the condition holds, else y."""
    return mg.where(condition, x, y)
