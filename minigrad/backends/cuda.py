"""A CUDA GPU: memory from a pool; kernels that the device runs in order, and copies beside them, while Python goes on.

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

from minigrad.autograd import FILL
from minigrad.backends.base import Array, Backend, Change, Spec
from minigrad.backends.device_errors import raise_ours
from minigrad.backends.device_pool import Block, DevicePool
from minigrad.dtypes import as_dtype, uint8
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
        """Run those of one kind together, unless one changes memory that another has too, or some of it is borrowed."""
        holders = Counter(memory for _, arrays, _ in changes for memory in {array.memory for array in arrays})
        changed = [array.memory for op, arrays, _ in changes for array in arrays[: op.mutates]]
        are_apart = all(isinstance(memory, Block) for memory in holders) and all(holders[one] == 1 for one in changed)
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
            return getattr(importlib.import_module(f"{self.package}.{module}"), name)(*arguments)
        except Exception as error:
            raise_ours(name, error)

    def contiguous(self, array: Array) -> Array:
        if isinstance(array, tuple) or array.is_contiguous:
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
