"""The runtime of a GPU, by Numba CUDA: a stream for kernels, one for copies, pinned memory on the way to the device.

There was no GPU to run this file on: docs/cuda.md says what was checked instead.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minigrad_kernels.cuda import language
from minigrad_kernels.cuda.array import DeviceArray, Memory
from minigrad_kernels.cuda.compiler import Kernel, Types
from minigrad_kernels.cuda.language import CudaAPIError, CudaSupportError, config, cuda
from minigrad_kernels.cuda.runtime import Runtime, UnavailableError

OUT_OF_MEMORY = 2  # CUDA_ERROR_OUT_OF_MEMORY

# Larger arrays go to the device in pieces: pinned memory is taken from everybody else.
STAGED_BYTES = 1 << 24


class _Staging:
    """A pinned buffer, and the event after which the copy from it has been made."""

    def __init__(self) -> None:
        self.buffer = cuda.pinned_array(STAGED_BYTES, np.uint8)
        self.copied: Any = None

    def copy(self, address: int, host: np.ndarray, stream: Any) -> None:
        """Copy at most the buffer's bytes to the device, waiting for nothing but the buffer."""
        if self.copied is not None:
            self.copied.synchronize()
        staged = self.buffer[: host.nbytes]
        staged[...] = host
        _bytes_at(address, host.nbytes).copy_to_device(staged, stream=stream)
        self.copied = _mark_of(stream)


class Driver(Runtime):
    """The first GPU."""

    def __init__(self) -> None:
        _require_gpu()
        _require_recent_driver()
        self._stream, self._copies = cuda.stream(), cuda.stream()
        self.stream = int(self._stream)
        self._memory: dict[int, Any] = {}
        # Images and labels of two batches: one can be staged while the other is under way.
        self._staging = [_Staging() for _ in range(4)]
        self._lock = threading.Lock()

    def allocate(self, nbytes: int) -> int:
        try:
            block = cuda.device_array(max(nbytes, 1), np.uint8, stream=self._stream)
        except CudaAPIError as error:
            if error.code == OUT_OF_MEMORY:
                raise MemoryError from error
            raise
        address: int = block.__cuda_array_interface__["data"][0]
        self._memory[address] = block
        return address

    def free(self, address: int) -> None:
        # CUDA waits for what uses the memory before it takes it back.
        del self._memory[address]
        cuda.current_context().deallocations.clear()

    def copy_to_device(self, address: int, host: np.ndarray, after: Any) -> Any:
        contents = host.reshape(-1).view(np.uint8)
        with self._lock:
            after.wait(self._copies)
            for start in range(0, contents.nbytes, STAGED_BYTES):
                self._staging.append(self._staging.pop(0))
                self._staging[-1].copy(address + start, contents[start : start + STAGED_BYTES], self._copies)
            return self._staging[-1].copied

    def copy_to_host(self, host: np.ndarray, address: int) -> None:
        _bytes_at(address, host.nbytes).copy_to_host(host.reshape(-1).view(np.uint8), stream=self._stream)
        self._stream.synchronize()

    def copy_on_device(self, target: int, source: int, nbytes: int) -> None:
        _bytes_at(target, nbytes).copy_to_device(_bytes_at(source, nbytes), stream=self._stream)

    def launch(self, kernel: Kernel, types: Types, grid: Sequence[int], arguments: Sequence[Any]) -> None:
        given = [_on_device(one) if isinstance(one, DeviceArray | tuple) else one for one in arguments]
        with _small_grids_allowed():
            configured = kernel.compiled(types)[tuple(grid), kernel.block, self._stream]
        configured(*given)

    def mark(self) -> Any:
        return _mark_of(self._stream)

    def wait(self, mark: Any) -> None:
        mark.wait(self._stream)

    def synchronize(self) -> None:
        self._copies.synchronize()
        self._stream.synchronize()

    def memory_info(self) -> tuple[int, int]:
        free, total = cuda.current_context().get_memory_info()
        return free, total


@contextlib.contextmanager
def _small_grids_allowed() -> Iterator[None]:
    """Keep Numba from warning of small grids here: small networks have small layers."""
    before = config.CUDA_LOW_OCCUPANCY_WARNINGS
    config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
    try:
        yield
    finally:
        config.CUDA_LOW_OCCUPANCY_WARNINGS = before


def _require_gpu() -> None:
    """Raise what keeps us from a GPU, in words."""
    try:
        count = len(cuda.gpus)
    except CudaSupportError as error:
        reason = " ".join(str(error).split()).rstrip(" :")
        raise UnavailableError(f"the CUDA driver cannot be used: {reason}") from error
    if count == 0:
        raise UnavailableError("the CUDA driver finds no GPU")


def _require_recent_driver() -> None:
    """Raise UnavailableError if the driver is too old for what the compiler makes."""
    try:
        compiler = language.compiler_version()
    except Exception as error:  # whatever the loader of its library raises
        raise UnavailableError(f"the CUDA compiler cannot be used: {' '.join(str(error).split())}") from error
    driver = language.driver_version()
    # nvJitLink makes machine code, which every driver of its major version loads; without it, the driver is given PTX.
    compared = 1 if language.has_linker() else 2
    if driver[:compared] < compiler[:compared]:
        own, needed = (".".join(map(str, version)) for version in (driver, compiler))
        raise UnavailableError(
            f"the NVIDIA driver is of CUDA {own}, too old for the compiler of kernels, which is of CUDA {needed}; "
            f"install a newer driver, or a compiler of CUDA {own} (docs/cuda.md)"
        )


def _mark_of(stream: Any) -> Any:
    event = cuda.event(timing=False)
    event.record(stream)
    return event


def _bytes_at(address: int, nbytes: int) -> Any:
    return _on_device(DeviceArray(Memory(address, nbytes), (nbytes,), np.uint8))


def _on_device(array: Any) -> Any:
    """Numba's object for the array, made once: it borrows the memory; for a tuple of arrays, a tuple of them."""
    if isinstance(array, tuple):
        return tuple(map(_on_device, array))
    if array.on_device is None:
        array.on_device = cuda.from_cuda_array_interface(array.__cuda_array_interface__, sync=False)
    return array.on_device
