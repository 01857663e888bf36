"""The six dtypes, and how two of them promote: as PyTorch's do.

A dtype is NumPy's own object, so ``t.dtype == np.float32`` holds and no second vocabulary is needed.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

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
_OF_PYTHON: Final = {bool: bool_, int: int64, float: float32}


def as_dtype(dtype: Any) -> DType:
    """The one of our dtypes that `dtype` (a dtype, a name, a Python type) stands for; DTypeError for others."""
    found = _OF_PYTHON.get(dtype) if isinstance(dtype, type) else None
    if found is None:
        try:
            found = np.dtype(dtype)
        except TypeError as error:
            raise DTypeError(f"dtype: {dtype!r} is not a dtype; use one of {_names()}") from error
    if found not in _KIND:
        raise DTypeError(f"dtype: {found.name} is not supported; use one of {_names()}")
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
