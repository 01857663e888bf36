"""Tensors made of numbers in the file, and other dtypes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.errors import DataError
from minigrad.interop.onnx.model_file import DTYPES
from minigrad.interop.onnx.table import Family, Setting, require_bounded
from minigrad.tensor import Tensor, tensor

operator = Family("constants and casts")


@operator("Constant")
def constant(
    *,
    value: np.ndarray | None = None,
    value_float: float | None = None,
    value_floats: Sequence[float] | None = None,
    value_int: int | None = None,
    value_ints: Sequence[int] | None = None,
) -> Tensor:
    """A tensor, a number or a list of them."""
    if value is not None:
        return tensor(value)
    for numbers, dtype in ((value_float, "f4"), (value_floats, "f4"), (value_int, "i8"), (value_ints, "i8")):
        if numbers is not None:
            return tensor(np.array(numbers, dtype))
    raise DataError("a constant needs a value")


@operator("ConstantOfShape")
def constant_of_shape(shape: Setting, *, value: np.ndarray | None = None) -> Tensor:
    """A tensor of one number, 0 in float32 by default."""
    fill = np.zeros(1, np.float32) if value is None else value
    return tensor(np.full(require_bounded(shape), fill.item(), fill.dtype))


@operator("Identity")
def identity(x: Tensor) -> Tensor:
    """The same tensor."""
    return x


@operator("Cast", since=6)
def cast(x: Tensor, *, to: int, saturate: int = 1, round_mode: str = "up") -> Tensor:
    """The same values in another dtype."""
    if to not in DTYPES:
        raise DataError(f"a cast to ONNX's dtype {to}; there are {', '.join(DTYPES.values())}")
    return x.to(DTYPES[to])


@operator("CastLike")
def cast_like(x: Tensor, model: Tensor, *, saturate: int = 1, round_mode: str = "up") -> Tensor:
    """The same values in another tensor's dtype."""
    return x.to(model.dtype)
