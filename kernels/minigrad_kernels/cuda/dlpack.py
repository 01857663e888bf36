"""Lending device memory to other libraries by DLPack: a capsule around a C structure that says where an array lies.

Source: the DLPack specification, dlpack.h, version 0.8.
"""

import ctypes
import importlib
from typing import Any

CUDA = 2  # kDLCUDA
_CODES = {"i": 0, "u": 1, "f": 2, "b": 6}
NAME = b"dltensor"
_Integers = ctypes.POINTER(ctypes.c_int64)


class Tensor(ctypes.Structure):
    """DLTensor: where an array lies."""

    _fields_ = (
        *(("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32)),
        *(("ndim", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)),
        *(("shape", _Integers), ("strides", _Integers), ("byte_offset", ctypes.c_uint64)),
    )


class Managed(ctypes.Structure):
    """DLManagedTensor: the same, and whom to tell when it is no longer used."""

    _fields_ = (("tensor", Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p))


# What is lent, by the address of its structure: the structure and its lists, and the array whose memory it is.
_lent: dict[int, tuple[Any, ...]] = {}


@ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
def _give_back(address: int) -> None:
    """Called by the borrower when it is done, or by the capsule if nobody took it."""
    _lent.pop(address, None)


@ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
def _drop(capsule: int) -> None:
    if is_valid(capsule, NAME):  # whoever takes it gives it another name
        _give_back(pointer_of(capsule, NAME))


def _function(name: str, result: Any, *more: Any) -> Any:
    """Return a function of Python's C interface whose first arguments are an address and a name."""
    return ctypes.PYFUNCTYPE(result, ctypes.c_void_p, ctypes.c_char_p, *more)((name, ctypes.pythonapi))


new = _function("PyCapsule_New", ctypes.py_object, ctypes.c_void_p)
is_valid = _function("PyCapsule_IsValid", ctypes.c_int)
pointer_of = _function("PyCapsule_GetPointer", ctypes.c_void_p)
rename = _function("PyCapsule_SetName", ctypes.c_int)


def lend(array: Any, device_type: int = CUDA) -> Any:
    """Return a capsule of a DeviceArray, whose memory lives as long as it is borrowed; what computes it has run."""
    importlib.import_module("minigrad_kernels.cuda.runtime").current().synchronize()
    steps = [stride // array.itemsize for stride in array.strides]
    lists = [(ctypes.c_int64 * array.ndim)(*values) for values in (array.shape, steps)]
    pointers = [ctypes.cast(values, _Integers) for values in lists]
    kind = (_CODES[array.dtype.kind], array.itemsize * 8, 1)
    tensor = Tensor(array.address if array.size else None, device_type, 0, array.ndim, *kind, *pointers, 0)
    managed = Managed(tensor, None, ctypes.cast(_give_back, ctypes.c_void_p))
    address = ctypes.addressof(managed)
    _lent[address] = (managed, lists, array)
    return new(address, NAME, ctypes.cast(_drop, ctypes.c_void_p))
