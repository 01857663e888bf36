"""Operands of elementwise ops: numbers and tensors of any dtypes become tensors of one dtype and one shape.

Operands of different dtypes are cast to the promoted one, and of different shapes expanded, by ops of their own, whose
rules undo it in the gradient: every elementwise op sees equal specs. A 0-d operand without a gradient goes as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd import Op, apply
from minigrad.backends.base import Backend, Spec
from minigrad.dtypes import FLOATS, DType
from minigrad.errors import DataError, DTypeError
from minigrad.ops.arguments import require_tensor
from minigrad.ops.reduce import broadcast_shape, expand
from minigrad.tensor import Tensor

CAST: Op = Op(
    "cast",
    ("input",),
    lambda x, dtype: Spec(x.shape, dtype),
    out_params=("dtype",),
    vjp={"input": lambda grad, input_spec: cast(grad, input_spec.dtype)},
    linear_in=("input",),
)


def cast(input: Tensor, dtype: Any, op: str = "") -> Tensor:
    """The same values in another dtype; the tensor itself if it has it. Float to integer truncates towards zero."""
    require_tensor(op or "cast", input=input)
    wanted = dtypes.as_dtype(dtype, op)
    return input if input.dtype == wanted else apply(CAST, (input,), (wanted,))


def as_float(op: str, input: Tensor) -> Tensor:
    """The tensor itself if it is float, else as float32."""
    require_tensor(op, input=input)
    return input if input.dtype in FLOATS else cast(input, dtypes.DEFAULT)


def operands(op: str, input: Any, other: Any, floating: bool = False) -> tuple[Tensor, Tensor]:
    """Both operands as tensors of one dtype, a float one if asked for, and one shape."""
    if isinstance(input, Tensor) and isinstance(other, Tensor) and input.spec == other.spec:
        x, y = input, other
    else:
        x, y = _promoted(*as_tensors(op, input, other))
        if not (x.spec.shape == y.spec.shape or _stands_for_all(x) or _stands_for_all(y)):
            shape = broadcast_shape(op, input=x.spec, other=y.spec)
            x, y = expanded(x, shape), expanded(y, shape)
    if floating and x.dtype not in FLOATS:
        return cast(x, dtypes.DEFAULT), cast(y, dtypes.DEFAULT)
    return x, y


def as_tensors(op: str, input: Any, other: Any, model: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Both operands as tensors; a number takes after the other operand, or after `model` if both are numbers."""
    model = input if isinstance(input, Tensor) else other if isinstance(other, Tensor) else model
    if model is None:
        raise DTypeError(f"{op}: a Tensor is required, got {type(input).__name__} and {type(other).__name__}")
    return _as_operand(op, input, model), _as_operand(op, other, model)


def expanded(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The operand in a wider shape, or as it is where kernels take a 0-d one."""
    return x if _stands_for_all(x) else expand(x, shape)


def _stands_for_all(x: Tensor) -> bool:
    return x.spec.shape == () and not x.requires_grad


def _as_operand(op: str, value: Any, model: Tensor) -> Tensor:
    """A number as a 0-d tensor of the model's dtype, or of the default dtype of the number's kind if that is higher."""
    if isinstance(value, Tensor):
        return value
    if type(value) is float and model.dtype in FLOATS:  # the common case, ahead of the questions
        return _constant(np.array(value, model.dtype), model.backend)
    if isinstance(value, np.ndarray):
        raise DTypeError(f"{op}: a NumPy array must be wrapped first; write minigrad.from_numpy(array)")
    if not isinstance(value, bool | int | float | np.generic):
        raise DTypeError(f"{op}: tensors and numbers are required, got {type(value).__name__}")
    dtype = dtypes.promote_weak(model.dtype, _dtype_of_number(value))
    try:
        return _constant(np.asarray(value, dtype=dtype), model.backend)
    except OverflowError:
        raise DataError(f"{op}: {value} does not fit {dtype.name}") from None


def _constant(number: Any, backend: Backend) -> Tensor:
    return Tensor(backend.constant(number), Spec((), number.dtype), backend)


def _dtype_of_number(value: Any) -> DType:
    if isinstance(value, float | np.floating):
        return dtypes.DEFAULT
    return dtypes.bool_ if isinstance(value, bool | np.bool_) else dtypes.int64


def _promoted(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the dtype of the result, to which a 0-d tensor beside another only adds its kind."""
    if x.dtype == y.dtype:
        return x, y
    if (x.ndim == 0) == (y.ndim == 0):
        dtype = dtypes.promote(x.dtype, y.dtype)
    else:
        dtype = dtypes.promote_weak(y.dtype, x.dtype) if x.ndim == 0 else dtypes.promote_weak(x.dtype, y.dtype)
    return cast(x, dtype), cast(y, dtype)
