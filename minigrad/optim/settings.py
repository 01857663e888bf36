"""Checking the settings of optimisers, schedules and penalties."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

from minigrad.errors import DataError


def is_number(value: Any) -> bool:
    """Whether `value` is a real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def require_at_least(owner: str, name: str, value: Any, minimum: float) -> None:
    """Raise DataError unless a setting is a number of at least `minimum`."""
    if not (is_number(value) and value >= minimum):
        raise DataError(f"{owner}: {name} must be a number of at least {minimum}, got {value!r}")


def require_above(owner: str, name: str, value: Any, bound: float) -> None:
    """Raise DataError unless a setting is a number above `bound`."""
    if not (is_number(value) and value > bound):
        raise DataError(f"{owner}: {name} must be a number above {bound}, got {value!r}")


def require_fraction(owner: str, name: str, value: Any) -> None:
    """Raise DataError unless a setting is a number in [0, 1]."""
    if not (is_number(value) and 0 <= value <= 1):
        raise DataError(f"{owner}: {name} must be a number in [0, 1], got {value!r}")


def require_betas(owner: str, value: Any) -> None:
    """Raise DataError unless the decay rates of Adam's two averages are numbers in [0, 1)."""
    is_pair = isinstance(value, Sequence) and len(value) == 2
    if not (is_pair and all(is_number(beta) and 0 <= beta < 1 for beta in value)):
        raise DataError(f"{owner}: betas must be two numbers in [0, 1), got {value!r}")


def require_flag(owner: str, name: str, value: Any) -> None:
    """Raise DataError unless a setting is True or False."""
    if not isinstance(value, bool):
        raise DataError(f"{owner}: {name} must be True or False, got {value!r}")


def require_count(owner: str, name: str, value: Any, minimum: int) -> None:
    """Raise DataError unless a setting is an integer of at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise DataError(f"{owner}: {name} must be an integer of at least {minimum}, got {value!r}")
