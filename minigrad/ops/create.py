"""New tensors: constant, counted, random, or like another."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd import FILL, apply_in_place
from minigrad.backends.base import Spec, get_backend
from minigrad.errors import DataError, DTypeError
from minigrad.ops.arguments import as_flag, as_int, as_number, as_shape, require_tensor, scalar, shown
from minigrad.ops.update import normal_, uniform_
from minigrad.recording import no_grad
from minigrad.tensor import Tensor, wrap


def empty(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of undefined content; float32 by default."""
    return created("empty", size, dtype, device, requires_grad)


def full(size: Any, fill_value: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of one value; the dtype is that of the value by default."""
    if dtype is None and not isinstance(fill_value, float):
        kind = dtypes.bool_ if isinstance(fill_value, bool) else dtypes.int64 if isinstance(fill_value, int) else None
        dtype = getattr(fill_value, "dtype", kind)
    return filled("full", (size,), fill_value, dtype, device, requires_grad)


def zeros(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of zeros; float32 by default."""
    return filled("zeros", size, 0, dtype, device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of ones; float32 by default."""
    return filled("ones", size, 1, dtype, device, requires_grad)


def zeros_like(input: Tensor) -> Tensor:
    """Zeros of the shape, dtype and device of another tensor."""
    require_tensor("zeros_like", input=input)
    return zeros(input.shape, dtype=input.dtype, device=input.device)


def ones_like(input: Tensor) -> Tensor:
    """Ones of the shape, dtype and device of another tensor."""
    require_tensor("ones_like", input=input)
    return ones(input.shape, dtype=input.dtype, device=input.device)


def arange(start: float, end: float | None = None, step: float = 1, dtype: Any = None, device: str = "cpu") -> Tensor:
    """start, start + step, ... below end; with one argument, from 0 to it. int64 for integers, else float32."""
    first, last = (0, start) if end is None else (start, end)
    given = {name: scalar(value) for name, value in {"start": first, "end": last, "step": step}.items()}
    # NumPy makes objects of integers beyond 64 bits, and of fractions.
    numbers = [(as_int if type(n) is int else as_number)("arange", name, n) for name, n in given.items()]
    try:
        array = np.arange(*numbers)
    except (ArithmeticError, MemoryError, ValueError) as error:
        raise DataError(f"arange: {first} to {last} in steps of {step} cannot be counted, or not held") from error
    if dtype is None:
        dtype = dtypes.DEFAULT if array.dtype.kind == "f" else dtypes.int64
    return wrap(array.astype(dtypes.as_dtype(dtype, "arange")), get_backend(device, "arange"))


def rand(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Numbers drawn evenly from [0, 1)."""
    return uniform_(created("rand", size, dtype, device, requires_grad), op="rand")


def randn(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Numbers of the standard normal distribution."""
    return normal_(created("randn", size, dtype, device, requires_grad), op="randn")


def as_fill(op: str, name: str, value: Any, dtype: Any) -> Any:
    """`value` as Python's number, which the dtype can hold: integers hold floats without the fraction."""
    number = scalar(value)
    try:
        if isinstance(number, bool | Real):
            with np.errstate(over="ignore"):
                np.asarray(number, dtype)
            return number
    except (OverflowError, ValueError):
        pass
    raise DataError(f"{op}: {name} must be a number that {dtype.name} can hold, got {shown(value)}")


def created(op: str, size: Any, dtype: Any, device: str, requires_grad: bool = False) -> Tensor:
    """A tensor of undefined content for `op`, whose errors begin with its name."""
    wanted = dtypes.DEFAULT if dtype is None else dtypes.as_dtype(dtype, op)
    spec, backend = Spec(as_shape(op, size, minimum=0), wanted), get_backend(device, op)
    if as_flag(op, "requires_grad", requires_grad) and wanted not in dtypes.FLOATS:
        raise DTypeError(f"{op}: only float tensors have gradients; use minigrad.float32, not {wanted.name}")
    try:
        return Tensor(backend.empty(spec), spec, backend).requires_grad_(requires_grad)
    except MemoryError as error:
        raise backend.exhausted(op, spec) from error


@no_grad()
def filled(op: str, size: Any, value: Any, dtype: Any, device: str, requires_grad: bool = False) -> Tensor:
    """A tensor of one value, likewise."""
    out = created(op, size, dtype, device, requires_grad)
    apply_in_place(FILL, (out,), (as_fill(op, "fill_value", value, out.dtype),))
    return out
