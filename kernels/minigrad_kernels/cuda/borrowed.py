"""Device memory borrowed from other libraries by DLPack: the other side of `dlpack.py`."""

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad_kernels.cuda import dlpack, runtime
from minigrad_kernels.cuda.array import DeviceArray, Memory
from minigrad_kernels.cuda.strides import span

_TAKEN = b"used_dltensor"
_KINDS = {0: "int", 1: "uint", 2: "float", 4: "bfloat", 5: "complex", 6: "bool"}


def from_dlpack(source: Any, as_dtype: Callable[[str], np.dtype]) -> DeviceArray:
    """Return an array over the memory of an object that speaks DLPack, which gets it back when the last array dies.

    Parameters
    ----------
    as_dtype
        Gives the dtype of a name, or raises an error if there may be no such arrays.

    Raises
    ------
    ValueError
        If what the object gives cannot be taken. It keeps it then.
    """
    capsule = source.__dlpack__(stream=runtime.current().stream)
    if not dlpack.is_valid(id(capsule), dlpack.NAME):
        raise ValueError(
            "cuda: a capsule 'dltensor' is required, of DLPack before version 1, that nobody has taken yet"
        )
    managed = dlpack.Managed.from_address(dlpack.pointer_of(id(capsule), dlpack.NAME))
    given = managed.tensor
    if (given.device_type, given.device_id) != (dlpack.CUDA, 0):
        raise ValueError(
            f"cuda: memory of DLPack's device (2, 0) is required, got {given.device_type, given.device_id}"
        )
    name = f"{_KINDS.get(given.code, f'DLPack {given.code} of bits ')}{given.bits}".replace("bool8", "bool")
    dtype = as_dtype(name if given.lanes == 1 else f"{name} x {given.lanes}")
    address = (given.data or 0) + given.byte_offset
    if address % dtype.itemsize:
        raise ValueError(
            f"cuda: {dtype.name} at an address that is a multiple of its size is required, got {address:#x}"
        )
    strides = [step * dtype.itemsize for step in given.strides[: given.ndim]] if given.strides else None
    array = DeviceArray(Memory(address, 0), given.shape[: given.ndim], dtype, strides)
    row = span(array).row
    memory = Memory(row.address, row.nbytes)
    dlpack.rename(id(capsule), _TAKEN)
    weakref.finalize(memory, _give_back, managed)
    return DeviceArray(memory, array.shape, dtype, array.strides, -row.offset)


def _give_back(managed: dlpack.Managed) -> None:
    runtime.synchronize()  # the lender may write to it at once
    if managed.deleter:
        ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(managed.deleter)(ctypes.addressof(managed))
