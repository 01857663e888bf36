"""Numbers from users, checked once."""

from __future__ import annotations

import math
import operator

from minigrad.checks import is_number, scalar, shown
from minigrad.errors import DataError, MinigradError


def require_integer(what: str, value: object, low: int, high: int | None = None) -> int:
    """Return `value` as an int in [low, high]; a DataError that names `what` for anything else, bools included."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]  # hence the try
    except (TypeError, MinigradError):
        number = None
    if number is None or number < low or (high is not None and number > high):
        wanted = f"of at least {low}" if high is None else f"in [{low}, {high}]"
        raise DataError(f"{what} must be an integer {wanted}, got {shown(value)}")
    return number


def require_seed(what: str, value: object) -> int:
    """Return `value` as an int in [0, 2**64 - 1], or raise DataError."""
    return require_integer(what, value, 0, 2**64 - 1)


def require_number(what: str, value: object, high: float = math.inf) -> float:
    """Return `value` as Python's, a finite number in [0, high], or raise a DataError that names `what`."""
    number = scalar(value)
    if not is_number(number) or not 0 <= number <= high or number == math.inf:
        wanted = "a number of at least 0" if high == math.inf else f"a number in [0, {high}]"
        raise DataError(f"{what} must be {wanted}, got {shown(value)}")
    return float(number) if not isinstance(number, int) else number
