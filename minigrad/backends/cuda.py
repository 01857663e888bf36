"""A CUDA GPU: memory from a pool, copies and kernels that the device runs in order while Python goes on.

What waits for the device: `to_numpy`, `minigrad.cuda.synchronize`, lending memory by DLPack, giving it back to the
driver, and copies to the device that come faster than it takes them.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from minigrad.backends.base import Array, Backend, Change, Spec
from minigrad.backends.device_errors import raise_ours
from minigrad.backends.device_pool import DevicePool
from minigrad.dtypes import uint8
from minigrad.ops.update import COPY
from minigrad_kernels.cuda.array import DeviceArray, Memory

_MOST_CONSTANTS = 1024


def _holders(array: DeviceArray) -> int:
    return getrefcount(array.memory)


# Counted, not assumed: how many references a call holds is the interpreter's affair.
_ALONE = _holders(DeviceArray(Memory(0, 0), (), uint8))


class CudaBackend(Backend):
    """Arrays are `DeviceArray`s; kernels come from `minigrad_kernels.cuda`, which is imported when it is asked for."""

    name = "cuda"
    package = "minigrad_kernels.cuda"
    on_host = False

    def __init__(self) -> None:
        super().__init__()
        self._pool: DevicePool | None = None
        self._constants: dict[tuple[str, bytes], DeviceArray] = {}

    def require_device(self) -> None:
        self.pool()

    def pool(self) -> DevicePool:
        """The memory of the runtime in force; DeviceError if there is none."""
        try:
            runtime = importlib.import_module(f"{self.package}.runtime").current()
        except Exception as error:
            raise_ours("cuda", error)
        if self._pool is None or self._pool.runtime is not runtime:
            self._pool, self._constants = DevicePool(runtime), {}
        return self._pool

    def run(self, op: Any, outs: Sequence[Array], inputs: Sequence[Array], params: Sequence[Any]) -> None:
        try:
            super().run(op, outs, inputs, params)
        except Exception as error:
            raise_ours(op.name, error)

    def run_each_in_place(self, changes: Sequence[Change]) -> None:
        """Run those of one kind together, unless one changes memory that another one has too."""
        holders = Counter(memory for _, arrays, _ in changes for memory in {array.memory for array in arrays})
        are_apart = all(holders[array.memory] == 1 for op, arrays, _ in changes for array in arrays[: op.mutates])
        kinds: dict[Any, list[Change]] = {}
        for number, (op, arrays, params) in enumerate(changes):
            may_join = are_apart and self._find(op).takes_tuples and all(array.is_contiguous for array in arrays)
            kind = (op, arrays[0].dtype, str(params)) if may_join else number
            kinds.setdefault(kind, []).append((op, arrays, params))
        for several in kinds.values():
            op, arrays, params = several[0]
            columns = arrays if len(several) == 1 else [*zip(*(arrays for _, arrays, _ in several), strict=True)]
            self.run_in_place(op, columns, params)

    def empty(self, spec: Spec) -> Array:
        return DeviceArray(self.pool().allocate(spec.nbytes), spec.shape, spec.dtype)

    def from_numpy(self, array: Any) -> Array:
        out = self.empty(Spec(array.shape, array.dtype))
        if array.size:
            self._do("copy_to_device", out.address, np.ascontiguousarray(array))
        return out

    def constant(self, number: Any) -> Array:
        self.pool()  # another runtime's constants are not in this one's memory
        key = (number.dtype.char, number.tobytes())
        if key not in self._constants:
            if len(self._constants) == _MOST_CONSTANTS:
                self._constants = {}
            self._constants[key] = self.from_numpy(number)
        return self._constants[key]

    def to_numpy(self, array: Array) -> Any:
        whole = self.contiguous(array)
        host = np.empty(whole.shape, whole.dtype)
        if host.size:
            self._do("copy_to_host", host, whole.address)
        return host

    def synchronize(self) -> None:
        """Wait for the device; raise what went wrong on it."""
        self._do("synchronize")

    def _do(self, name: str, *arguments: Any) -> None:
        runtime = self.pool().runtime
        try:
            getattr(runtime, name)(*arguments)
        except Exception as error:
            raise_ours(name, error)

    def contiguous(self, array: Array) -> Array:
        if isinstance(array, tuple) or array.is_contiguous:
            return array
        copy = self.empty(Spec(array.shape, array.dtype))
        self.run(COPY, (copy,), (array,), ())
        return copy

    def is_whole(self, array: Array) -> bool:
        return array.is_contiguous and array.nbytes == array.memory.nbytes and _holders(array) == _ALONE

    def assign(self, target: Array, source: Array) -> None:
        # Kernels write contiguous arrays: a launch for each stretch of the target that is one.
        order = sorted(range(target.ndim), key=lambda axis: -abs(target.strides[axis]))
        target, source = target.permute(order), source.permute(order)
        outer = next(axes for axes in range(target.ndim + 1) if target.slice((0,) * axes).is_contiguous)
        for index in np.ndindex(target.shape[:outer]):
            self.run(COPY, (target.slice(index),), (source.slice(index),), ())

    def view(self, name: str, array: Array, params: Sequence[Any]) -> Array:
        return self._reshaped(array, *params) if name == "reshape" else getattr(array, name)(*params)

    def _reshaped(self, array: DeviceArray, shape: Sequence[int]) -> DeviceArray:
        """A view where the strides allow, else a view of a copy."""
        if not array.is_contiguous:
            stand_in = np.lib.stride_tricks.as_strided(np.empty(0, array.dtype), array.shape, array.strides)
            try:
                strides = np.reshape(stand_in, shape, copy=False).strides
            except ValueError:
                array = self.contiguous(array)
            else:
                return DeviceArray(array.memory, shape, array.dtype, strides, array.offset)
        return array.reshape(shape)


BACKEND = CudaBackend()
