"""Casts under the names of their dtypes: `t.float()` and its like."""

from __future__ import annotations

from minigrad import dtypes
from minigrad.ops.promotion import cast
from minigrad.tensor import Tensor


def float(input: Tensor) -> Tensor:
    """The tensor as float32."""
    return cast(input, dtypes.float32)


def double(input: Tensor) -> Tensor:
    """The tensor as float64."""
    return cast(input, dtypes.float64)


def long(input: Tensor) -> Tensor:
    """The tensor as int64; floats lose their fraction."""
    return cast(input, dtypes.int64)


def int(input: Tensor) -> Tensor:
    """The tensor as int32; floats lose their fraction."""
    return cast(input, dtypes.int32)


def bool(input: Tensor) -> Tensor:
    """Whether each element differs from 0; NaN does."""
    return cast(input, dtypes.bool_)
