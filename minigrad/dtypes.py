"""The six dtypes, and how two of them promote: as PyTorch's do.

A dtype is NumPy's own object, so ``t.dtype == np.float32`` holds and no second vocabulary is needed.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from minigrad.checks import shown
from minigrad.errors import DTypeError

DType = np.dtype[Any]

float32: Final[DType] = np.dtype("float32")
float64: Final[DType] = np.dtype("float64")
int64: Final[DType] = np.dtype("int64")
int32: Final[DType] = np.dtype("int32")
uint8: Final[DType] = np.dtype("uint8")
bool_: Final[DType] = np.dtype("bool")

DEFAULT: Final[DType] = float32
ALL: Final = (float32, float64, int64, int32, uint8, bool_)
FLOATS: Final = frozenset({float32, float64})

# Bool gives way to integers, integers to floats; within a kind the wider dtype wins.
_KIND: Final = {bool_: 0, uint8: 1, int32: 1, int64: 1, float32: 2, float64: 2}
_WIDTH: Final = {bool_: 0, uint8: 0, int32: 1, int64: 2, float32: 0, float64: 1}
_OF_PYTHON: Final[dict[Any, DType]] = {bool: bool_, int: int64, float: float32}


def as_dtype(dtype: Any, op: str = "") -> DType:
    """The one of our dtypes that `dtype` (a dtype, a name, a Python type) stands for; DTypeError for others."""
    try:
        # NumPy reads dtypes from much else: None is float64 to it, and a tensor its dtype.
        found = np.dtype(_OF_PYTHON.get(dtype, dtype)) if isinstance(dtype, type | str | np.dtype) else None
    except (TypeError, ValueError):  # the latter for a text that is no Unicode
        found = None
    if found not in _KIND:
        name = "" if found is None else found.name if found.isnative else f"{found.name} in foreign byte order"
        what = f"{name} is not supported" if name else f"{shown(dtype)} is not a dtype"
        raise DTypeError(f"{f'{op}: dtype' if op else 'dtype:'} {what}; use one of {_names()}")
    return found


def promote(first: DType, second: DType) -> DType:
    """The dtype of an elementwise result: the higher kind (bool < integer < float), then the wider dtype."""
    if first == second:
        return first
    return max(first, second, key=lambda dtype: (_KIND[dtype], _WIDTH[dtype]))


def promote_weak(strong: DType, weak: DType) -> DType:
    """Like `promote`, but `weak` (a scalar's dtype) counts only if its kind is higher."""
    return weak if _KIND[weak] > _KIND[strong] else strong


def _names() -> str:
    return ", ".join(dtype.name for dtype in ALL)
