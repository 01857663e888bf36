"""New tensors: constant, counted, random, or like another."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd import FILL, apply_in_place
from minigrad.backends.base import Spec, get_backend
from minigrad.ops.arguments import as_shape, require_tensor
from minigrad.ops.update import normal_, uniform_
from minigrad.tensor import Tensor, wrap


def empty(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of undefined content; float32 by default."""
    spec = Spec(as_shape("empty", size, minimum=0), dtypes.DEFAULT if dtype is None else dtypes.as_dtype(dtype))
    backend = get_backend(device)
    out = Tensor(backend.empty(spec), spec, backend)
    return out.requires_grad_() if requires_grad else out


def full(size: Any, fill_value: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of one value; the dtype is that of the value by default."""
    if dtype is None:
        dtype = dtypes.DEFAULT if isinstance(fill_value, float) else np.asarray(fill_value).dtype
    out = empty(size, dtype=dtype, device=device)
    apply_in_place(FILL, (out,), (fill_value,))
    return out.requires_grad_() if requires_grad else out


def zeros(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of zeros; float32 by default."""
    return full(as_shape("zeros", size, minimum=0), 0, dtype or dtypes.DEFAULT, device, requires_grad)


def ones(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """A tensor of ones; float32 by default."""
    return full(as_shape("ones", size, minimum=0), 1, dtype or dtypes.DEFAULT, device, requires_grad)


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
    array = np.arange(first, last, step)
    if dtype is None:
        dtype = dtypes.DEFAULT if array.dtype.kind == "f" else dtypes.int64
    return wrap(array.astype(dtypes.as_dtype(dtype)), get_backend(device))


def rand(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Numbers drawn evenly from [0, 1)."""
    out = uniform_(empty(*size, dtype=dtype, device=device))
    return out.requires_grad_() if requires_grad else out


def randn(*size: Any, dtype: Any = None, device: str = "cpu", requires_grad: bool = False) -> Tensor:
    """Numbers of the standard normal distribution."""
    out = normal_(empty(*size, dtype=dtype, device=device))
    return out.requires_grad_() if requires_grad else out
