"""The seam to the device: allocate, copy, launch. Everything above it runs wherever something implements it.

`driver.py` implements it with a GPU. Tests put an emulator in its place, with `use`.
"""

import contextlib
import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel, Types


class UnavailableError(RuntimeError):
    """There is no device, or it cannot be used: the message says what is missing."""


class Runtime(ABC):
    """One device with two queues: what is launched runs in order, and beside it what is copied from the host, in order.

    Only marks say what of one queue comes after what of the other.
    """

    stream: int
    """The queue of what is launched, as other libraries know it."""

    @abstractmethod
    def allocate(self, nbytes: int) -> int:
        """Return the address of new memory of undefined content, aligned to 256 bytes; MemoryError if there is none."""

    @abstractmethod
    def free(self, address: int) -> None:
        """Give memory back, once what was launched before has run."""

    @abstractmethod
    def copy_to_device(self, address: int, host: np.ndarray, after: Any) -> Any:
        """Copy a contiguous array to an address, beside what is launched but after a mark; return the mark of its end.

        The array may be changed as soon as this returns.
        """

    @abstractmethod
    def copy_to_host(self, host: np.ndarray, address: int) -> None:
        """Copy from an address into a contiguous array, in the order of what is launched, and wait for that."""

    @abstractmethod
    def copy_on_device(self, target: int, source: int, nbytes: int) -> None:
        """Copy from one address to another, in the order of what is launched."""

    @abstractmethod
    def launch(self, kernel: Kernel, types: Types, grid: Sequence[int], arguments: Sequence[Any]) -> None:
        """Run a kernel: its arguments are arrays, tuples of them, and scalars, of the types that the signature says."""

    @abstractmethod
    def mark(self) -> Any:
        """Return the mark of all that was launched so far; None is no mark."""

    @abstractmethod
    def wait(self, mark: Any) -> None:
        """Have what is launched from now on run after a mark; the host waits for nothing."""

    @abstractmethod
    def synchronize(self) -> None:
        """Wait until everything that was launched or copied is done; raise what went wrong in it."""

    @abstractmethod
    def memory_info(self) -> tuple[int, int]:
        """Return the free and the total bytes of the device."""


_current: list[Runtime] = []


def current() -> Runtime:
    """Return the runtime: that of the GPU, unless `use` has put another in its place, or raise UnavailableError."""
    if not _current:
        _current.append(importlib.import_module("minigrad_kernels.cuda.driver").Driver())
    return _current[-1]


@contextlib.contextmanager
def use(runtime: Runtime) -> Iterator[None]:
    """Have everything run by this runtime."""
    _current.append(runtime)
    try:
        yield
    finally:
        _current.remove(runtime)


def to_device(host: np.ndarray, target: DeviceArray) -> None:
    """Copy a NumPy array into a contiguous array of the device, beside what is launched meanwhile."""
    if target.nbytes:
        after = current().mark() if target.memory.after is None else target.memory.after
        target.memory.after = current().copy_to_device(target.address, np.ascontiguousarray(host), after)


def to_host(source: DeviceArray) -> np.ndarray:
    """Return a NumPy array of the contents of a contiguous array of the device."""
    host = np.empty(source.shape, source.dtype)
    if source.nbytes:
        wait_for_copies(source)
        current().copy_to_host(host, source.address)
    return host


def wait_for_copies(*arrays: DeviceArray) -> None:
    """Have what is launched next run after what is being copied to arrays: to be called before it uses them."""
    for memory in (array.memory for array in arrays if array.memory.after is not None):
        current().wait(memory.after)
        memory.after = None  # not before: another thread may be about to launch


def synchronize() -> None:
    """Wait for the device."""
    current().synchronize()
