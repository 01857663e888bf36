"""Moving a tensor to another device: the one op whose output lives elsewhere."""

from __future__ import annotations

import time
from typing import Any

from minigrad import dtypes
from minigrad.autograd import Op, observers, record
from minigrad.backends.base import get_backend
from minigrad.dtypes import FLOATS
from minigrad.errors import DTypeError
from minigrad.ops.arguments import require_tensor, shown
from minigrad.ops.promotion import cast
from minigrad.recording import is_grad_enabled
from minigrad.tensor import Tensor, content_of, wrap

TO_DEVICE: Op = Op(
    "to_device",
    ("input",),
    lambda x, source, target: x,
    out_params=("source", "target"),
    vjp={"input": lambda grad, source: to_device(grad, source)},
    linear_in=("input",),
)


def to_device(input: Tensor, device: str, op: str = "") -> Tensor:
    """A copy in the memory of another device; the tensor itself if it is there. The gradient comes back."""
    require_tensor(op or "to_device", input=input)
    target = get_backend(device, op)
    if target is input.backend:
        return input
    started = time.perf_counter()
    host = content_of(op or "to_device", input)
    out = wrap(host.copy() if input.backend.on_host and target.on_host else host, target)
    params = (input.device, target.name)
    if out.dtype in FLOATS and is_grad_enabled():
        record(TO_DEVICE, (input,), params, (out,))
    for watcher in observers.get():
        watcher.applied(TO_DEVICE, (input,), params, (out,), time.perf_counter() - started)
    return out


def to(input: Tensor, *wanted: Any, dtype: Any = None, device: str | None = None) -> Tensor:
    """The tensor in another dtype or on another device: `t.to(mg.float64)`, `t.to("cpu")`, `t.to("cpu", mg.int64)`."""
    require_tensor("to", input=input)
    for item in wanted:
        if isinstance(item, str) and device is None and item not in {known.name for known in dtypes.ALL}:
            device = item
        elif dtype is None:
            dtype = item
        else:
            raise DTypeError(f"to: a device and a dtype at most are required, got {shown(wanted)}")
    moved = input if device is None else to_device(input, device, "to")
    return moved if dtype is None else cast(moved, dtype, "to")
