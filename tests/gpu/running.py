"""Running an entry point of the CUDA kernels on NumPy arrays, by way of the current runtime's memory."""

import ctypes
import importlib

import numpy as np

from minigrad_kernels.cuda import runtime
from minigrad_kernels.cuda.array import DeviceArray, Memory
from tests.kernels.cases.case import Call


def to_device(array: np.ndarray) -> DeviceArray:
    """The array in memory of its own on the device, with the same strides."""
    if array.size == 0:
        return DeviceArray(_allocate(0), array.shape, array.dtype, array.strides)
    reach = [(length - 1) * stride for length, stride in zip(array.shape, array.strides, strict=True)]
    before, after = (-sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach) + array.itemsize)
    memory = _allocate(before + after)
    data = (ctypes.c_uint8 * (before + after)).from_address(array.__array_interface__["data"][0] - before)
    runtime.to_device(np.frombuffer(data, np.uint8), DeviceArray(memory, (memory.nbytes,), np.uint8))
    return DeviceArray(memory, array.shape, array.dtype, array.strides, before)


def _allocate(nbytes: int) -> Memory:
    return Memory(runtime.current().allocate(nbytes), nbytes)


def run(name: str, call: Call) -> tuple[np.ndarray, ...]:
    """Outputs of a kernel; its inputs must be as they were afterwards."""
    module_name, _, function_name = name.partition(".")
    module = importlib.import_module(f"minigrad_kernels.cuda.{module_name}")
    outs, inputs = (tuple(map(to_device, arrays)) for arrays in (call.outs, call.inputs))
    arguments = (*outs, *((inputs,) if name == "index.cat" else inputs), *call.scalars)
    scratch = []
    if scratch_bytes := getattr(module, f"{function_name}_scratch_bytes", None):
        size = scratch_bytes(*arguments)
        scratch.append(DeviceArray(_allocate(size), (size,), np.uint8))
    getattr(module, function_name)(*arguments, *scratch)
    for array, given in zip(inputs, call.inputs, strict=True):
        assert to_host(array).tobytes() == given.tobytes(), "an input was written"
    results = tuple(map(to_host, outs))
    for array in (*outs, *inputs, *scratch):
        runtime.current().free(array.memory.address)
    return results


def to_host(array: DeviceArray) -> np.ndarray:
    """The contents of an array of any strides."""
    if array.size == 0:
        return np.empty(array.shape, array.dtype)
    row = runtime.to_host(DeviceArray(array.memory, (array.memory.nbytes,), np.uint8))
    return np.ndarray(array.shape, array.dtype, row, array.offset, array.strides).copy()
