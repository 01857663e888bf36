"""A CUDA GPU: memory from a pool; kernels that the device runs in order, and copies beside them, while Python goes on.

What waits for the device: `to_numpy`, `minigrad.cuda.synchronize`, lending memory by DLPack, giving it back to the
driver, and copies to the device that come faster than it takes them.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from minigrad.autograd import FILL
from minigrad.backends.base import Array, Backend, Kernel, Spec
from minigrad.backends.device_errors import raise_ours
from minigrad.backends.device_pool import Block, DevicePool
from minigrad.dtypes import as_dtype, uint8
from minigrad.ops.update import COPY
from minigrad_kernels.cuda.array import DeviceArray, Memory

_PACKAGE = "minigrad_kernels.cuda"
_MOST_CONSTANTS = 1024


def _holders(array: DeviceArray) -> int:
    return getrefcount(array.memory)


# Counted, not assumed: how many references a call holds is the interpreter's affair.
_ALONE = _holders(DeviceArray(Memory(0, 0), (), uint8))


class CudaBackend(Backend):
    """Arrays are `DeviceArray`s; kernels come from `minigrad_kernels.cuda`, which is imported when it is asked for."""

    name = "cuda"
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
            runtime = importlib.import_module(f"{_PACKAGE}.runtime").current()
        except Exception as error:
            raise_ours("cuda", error)
        if self._pool is None or self._pool.runtime is not runtime:
            self._pool, self._constants = DevicePool(runtime), {}
        return self._pool

    def load_kernels(self) -> Mapping[Any, Kernel]:
        table: Mapping[Any, Kernel] = importlib.import_module("minigrad.backends.table").kernels_of(_PACKAGE)
        return table

    def run(self, op: Any, outs: Sequence[Array], inputs: Sequence[Array], params: Sequence[Any]) -> None:
        try:
            super().run(op, outs, inputs, params)
        except Exception as error:
            raise_ours(op.name, error)

    def empty(self, spec: Spec) -> Array:
        return DeviceArray(self.pool().allocate(spec.nbytes), spec.shape, spec.dtype)

    def scratch(self, size: int) -> Array:
        return self.empty(Spec((size,), uint8))

    def from_numpy(self, array: Any) -> Array:
        out = DeviceArray(self.pool().allocate(array.nbytes, for_copy=True), array.shape, array.dtype)
        self._do("runtime.to_device", array, out)
        return out

    def from_dlpack(self, source: Any) -> Array:
        return self._do("borrowed.from_dlpack", source, as_dtype)

    def constant(self, number: Any) -> Array:
        self.pool()  # another runtime's constants are not in this one's memory
        key = (number.dtype.char, number.tobytes())
        if key not in self._constants:
            if len(self._constants) == _MOST_CONSTANTS:
                self._constants = {}
            # Filled, for a copy would wait behind those of whole batches.
            self._constants[key] = self.empty(Spec((), number.dtype))
            self.run(FILL, (self._constants[key],), (), (number.item(),))
        return self._constants[key]

    def to_numpy(self, array: Array) -> Any:
        return self._do("runtime.to_host", self.contiguous(array))

    def synchronize(self) -> None:
        """Wait for the device; raise what went wrong on it."""
        self._do("runtime.synchronize")

    def _do(self, path: str, *arguments: Any) -> Any:
        module, _, name = path.partition(".")
        try:
            return getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)(*arguments)
        except Exception as error:
            raise_ours(name, error)

    def contiguous(self, array: Array) -> Array:
        if array.is_contiguous:
            return array
        copy = self.empty(Spec(array.shape, array.dtype))
        self.run(COPY, (copy,), (array,), ())
        return copy

    def is_whole(self, array: Array) -> bool:
        is_all = array.is_contiguous and array.nbytes == array.memory.nbytes and isinstance(array.memory, Block)
        return is_all and _holders(array) == _ALONE

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
