"""What the names in PyTorch's files mean: storages, and the tensors that are views of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from minigrad.errors import DataError
from minigrad.interop.torch_pickle import Name

Order = Literal["<", ">"]
"""Of the bytes of a number: the lowest first, or the highest."""

_STORAGES: dict[str, np.dtype[Any]] = {
    f"torch.{name}Storage": np.dtype(dtype)
    for name, dtype in {
        "Float": "f4",
        "Double": "f8",
        "Half": "f2",
        "BFloat16": "u2",
        "Long": "i8",
        "Int": "i4",
        "Short": "i2",
        "Char": "i1",
        "Byte": "u1",
        "Bool": "?",
    }.items()
}
_NARROW = {"Half": "f4", "Short": "i4", "Char": "i4"}  # what minigrad has no dtype for becomes the next that holds it


@dataclass
class Storage:
    """A piece of memory of one dtype, under a key; `values` is None until its bytes have been read."""

    name: str
    key: str
    size: int
    values: np.ndarray | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the elements in the file."""
        return _STORAGES[self.name]

    def fill(self, content: bytes, order: Order) -> None:
        """Take its elements from bytes in an order."""
        if len(content) != self.size * self.dtype.itemsize:
            wanted = self.size * self.dtype.itemsize
            raise DataError(f"storage {self.key} has {len(content)} bytes, its description says {wanted}")
        array = np.frombuffer(content, self.dtype.newbyteorder(order))
        if self.name == "torch.BFloat16Storage":
            array = (array.astype("u4") << 16).view("f4")
        kind = self.name.removeprefix("torch.").removesuffix("Storage")
        self.values = array.astype(_NARROW.get(kind, array.dtype.newbyteorder("=")))


@dataclass(frozen=True)
class Lazy:
    """A tensor whose storage may still have to be read."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> np.ndarray:
        """Its elements, in memory of their own."""
        if self.storage.values is None:
            raise DataError(f"storage {self.storage.key} is missing")
        values = self.storage.values
        strides = tuple(stride * values.itemsize for stride in self.strides)
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, strides, writeable=False).copy()


def storage_of(identifier: Any) -> Storage:
    """The storage that an identifier ("storage", kind, key, device, elements, ...) describes."""
    match identifier:
        case ("storage", Name(name=name), str(key), str(), int(size), *_) if name in _STORAGES and size >= 0:
            return Storage(name, key, size)
    raise DataError("it refers to data that are no storage of a tensor")


def _view(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> Lazy:
    """torch._utils._rebuild_tensor_v2: every element must lie in the storage, and be there once."""
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or not all(type(number) is int and number >= 0 for number in numbers):
        raise DataError("a tensor has no storage, or a shape or strides that are no numbers")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    elements = math.prod(shape)
    if elements and (last >= storage.size or elements > storage.size):
        raise DataError(f"a tensor of shape {tuple(shape)} does not fit into its storage of {storage.size} elements")
    return Lazy(storage, offset if elements else 0, tuple(shape), tuple(strides))


def _parameter(data: Any, *_: Any) -> Any:
    return data


def _no_call(*_: Any) -> Any:
    raise DataError("it calls the type of a storage")


NAMES: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": lambda *pairs: dict(*pairs),
    "torch._utils._rebuild_tensor_v2": _view,
    "torch._utils._rebuild_tensor": _view,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.Size": lambda sizes: tuple(sizes),
    **dict.fromkeys(_STORAGES, _no_call),
}
