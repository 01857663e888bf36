"""Checking what users pass, as far as no tensor is needed for it: integers, numbers, flags, names, sequences."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from minigrad.errors import DataError, DTypeError, GraphError, MinigradError, ShapeError


def shown(value: Any) -> str:
    """What an error message says of a value: its text, cut where that is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python writes
        text = f"{type(value).__name__} too long to write"
    return text if len(text) <= 80 and "\n" not in text else f"{text.splitlines()[0][:70]}..."


def as_int(op: str, name: str, value: Any, minimum: int | None = None, maximum: int = 2**63 - 1) -> int:
    """`value` as a Python int of 64 bits; True and 2.0 are no integers."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except (TypeError, MinigradError):  # the latter of a tensor that is no integer
        number = None
    if number is None:
        raise DTypeError(f"{op}: {name} must be an integer, got {shown(value)}")
    if minimum is not None and number < minimum:
        raise ShapeError(f"{op}: {name} must be at least {minimum}, got {shown(number)}")
    if not -(2**63) <= number <= maximum:
        raise ShapeError(f"{op}: {name} must fit 64 bits, got {shown(number)}")
    return number


def scalar(value: Any) -> Any:
    """What is in an array without axes, or in a tensor that needs no gradient; anything else as it is."""
    is_boxed = getattr(value, "shape", None) == () and hasattr(value, "item")
    return value.item() if is_boxed and not getattr(value, "requires_grad", False) else value


def is_number(value: Any) -> bool:
    """Whether `value` is a real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def as_number(op: str, name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """`value` as a float; True is no number, and NaN is none within any bounds."""
    given = scalar(value)
    if not is_number(given):
        raise DTypeError(f"{op}: {name} must be a number, got {shown(value)}")
    try:
        number = float(given)
    except OverflowError:
        number = math.nan
    if not low <= number <= high:
        at_least = f"be a number of at least {low}" if low > -math.inf else "be a number"
        wanted = f"lie in [{low}, {high}]" if high < math.inf else at_least
        raise DataError(f"{op}: {name} must {wanted}, got {shown(value)}")
    return number


def as_positive(op: str, name: str, value: Any) -> float:
    """`value` as a float above 0."""
    given = scalar(value)
    if is_number(given) and not given > 0:
        raise DataError(f"{op}: {name} must be a number above 0, got {shown(value)}")
    return as_number(op, name, given)


def as_flag(op: str, name: str, value: Any) -> bool:
    """`value`, which must be True or False, Python's or NumPy's."""
    if not isinstance(value, bool | np.bool_):
        raise DTypeError(f"{op}: {name} must be True or False, got {shown(value)}")
    return bool(value)


def require_flags(op: str, **flags: Any) -> None:
    """Raise DTypeError unless every value is True or False."""
    for name, flag in flags.items():
        as_flag(op, name, flag)


def require_texts(op: str, **values: Any) -> None:
    """Raise DTypeError unless each value is a text."""
    for name, value in values.items():
        if not isinstance(value, str):
            raise DTypeError(f"{op}: {name} must be a text, got {shown(value)}")


def as_one_of(op: str, name: str, value: Any, *allowed: Any) -> Any:
    """The one of those allowed that equals `value`."""
    if isinstance(value, bool) or not isinstance(value, str | Real) or value not in allowed:
        words = " or ".join(", ".join(map(repr, part)) for part in (allowed[:-1], allowed[-1:]) if part)
        raise DataError(f"{op}: {name} must be {words}, got {shown(value)}")
    return allowed[allowed.index(value)]


def as_list(op: str, name: str, value: Any, noun: str) -> list[Any]:
    """The elements of a sequence, or of another iterable; texts, dicts and tensors are none."""
    is_other = isinstance(value, str | bytes | Mapping) or hasattr(value, "requires_grad")
    if is_other or getattr(value, "ndim", 1) == 0 or not isinstance(value, Iterable):
        raise DTypeError(f"{op}: {name} must be a sequence of {noun}, got {shown(value)}")
    return list(value)


def as_mapping(op: str, name: str, value: Any) -> Mapping[Any, Any]:
    """`value`, which must be a dict or the like."""
    if not isinstance(value, Mapping):
        raise DTypeError(f"{op}: {name} must be a dict, got {shown(value)}")
    return value


def as_state(op: str, value: Any, *names: str) -> Mapping[str, Any]:
    """`value`, which must be a dict of these names and no others."""
    if set(as_mapping(op, "state", value)) != set(names):
        raise DataError(f"{op}: a state has {', '.join(names)}, got {shown(sorted(map(str, value)))}")
    return dict(value)


def require_declaration(op: Any) -> None:
    """Raise an error of ours unless the names that an op is declared with are names, and its rules functions."""
    require_texts("Op", name=op.name)
    for field in ("arguments", "params", "out_params", "outputs", "constant_in", "linear_in"):
        names = getattr(op, field)
        if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
            raise DTypeError(f"{op.name}: {field} must be a tuple of names, got {shown(names)}")
    as_mapping(op.name, "vjp", op.vjp)
    for field in ("vjp", "constant_in", "linear_in"):
        if strangers := sorted(map(str, set(getattr(op, field)) - set(op.arguments))):
            raise GraphError(f"{op.name}: {field} names {strangers}, which are not among {op.arguments}")
    for name, function in {"infer": op.infer, "flops": op.flops, **op.vjp}.items():
        require_callable(op.name, name, function)
    require_like(op.name, "epilogue", op if op.epilogue is None else op.epilogue, "a minigrad.Op", "rule")
    require_flags(op.name, view=op.view, variadic=op.variadic)
    as_int(op.name, "mutates", op.mutates, 0)


def require_callable(op: str, name: str, value: Any) -> Callable[..., Any]:
    """`value`, which must be a function or the like."""
    return require_like(op, name, value, "a function", "__call__")


def require_like(op: str, name: str, value: Any, noun: str, *methods: str) -> Any:
    """`value`, which must have the methods of what the noun says; a class that has them is none itself."""
    if (isinstance(value, type) and methods != ("__call__",)) or not all(hasattr(value, method) for method in methods):
        raise DTypeError(f"{op}: {name} must be {noun}, got {shown(value)}")
    return value
