"""What the devices in host memory share: NumPy arrays, their copies and their views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.backends.base import Array, Backend, Spec
from minigrad.backends.pool import SMALLEST, Block, own_pool

_VIEWS: dict[str, Callable[..., Any]] = {
    "reshape": np.ndarray.reshape,
    "permute": np.ndarray.transpose,
    "expand": np.broadcast_to,
    "slice": lambda array, index: array[(*index, ...)],  # the Ellipsis keeps a 0-d result an array
}


def allocated(spec: Spec) -> Array:
    """Memory for an array, of undefined content."""
    return own_pool().empty(spec) if spec.nbytes >= SMALLEST else np.empty(spec.shape, spec.dtype)


class HostBackend(Backend):
    """Arrays are NumPy's; kernels come from one of the packages of `minigrad_kernels`."""

    def __init__(self, name: str, package: str) -> None:
        super().__init__()
        self.name = name
        self.package = package

    def empty(self, spec: Spec) -> Array:
        try:
            return allocated(spec)
        except MemoryError as error:
            raise self.exhausted(self.name, spec) from error

    def from_numpy(self, array: Any) -> Array:
        return array

    def from_dlpack(self, source: Any) -> Array:
        return np.from_dlpack(source)

    def to_numpy(self, array: Array) -> Any:
        return array

    def contiguous(self, array: Array) -> Array:
        if array.flags.c_contiguous:
            return array
        copy = self.empty(Spec(array.shape, array.dtype))
        np.copyto(copy, array)
        return copy

    def is_whole(self, array: Array) -> bool:
        return array.flags.c_contiguous and (array.base is None or isinstance(array.base, Block))

    def assign(self, target: Array, source: Array) -> None:
        target[...] = source

    def view(self, name: str, array: Array, params: Sequence[Any]) -> Array:
        return _VIEWS[name](array, *params)
