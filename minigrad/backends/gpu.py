"""What `minigrad.cuda` offers: whether there is a GPU, waiting for it, statistics of its memory."""

from __future__ import annotations

from typing import cast

from minigrad.backends.base import get_backend
from minigrad.backends.cuda import CudaBackend
from minigrad.backends.device_pool import DevicePool

__all__ = [
    "device_count",
    "empty_cache",
    "is_available",
    "max_memory_allocated",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "synchronize",
]


def is_available() -> bool:
    """Whether `device="cuda"` can be used: there are a GPU, its driver, and Numba CUDA. Raises nothing."""
    try:
        get_backend("cuda")
    except Exception:
        return False
    return True


def device_count() -> int:
    """How many GPUs can be used: 1, or 0 if there is none."""
    return int(is_available())


def synchronize() -> None:
    """Wait until the GPU has done all that it was given; raise DeviceError if something of it went wrong."""
    _backend().synchronize()


def memory_allocated() -> int:
    """Bytes of the GPU's memory that tensors hold, in blocks of whole sizes."""
    return _pool().allocated()


def max_memory_allocated() -> int:
    """The most bytes that tensors held at once since the program began, or since `reset_peak_memory_stats`."""
    return _pool().peak()


def memory_reserved() -> int:
    """Bytes that were taken from the GPU: those that tensors hold, and those that wait to be used again."""
    return _pool().reserved()


def reset_peak_memory_stats() -> None:
    """Let `max_memory_allocated` begin anew."""
    _pool().reset_peak()


def empty_cache() -> None:
    """Give the memory that no tensor holds back to the GPU, for other programs."""
    _pool().clear()


def _backend() -> CudaBackend:
    return cast(CudaBackend, get_backend("cuda"))


def _pool() -> DevicePool:
    return _backend().pool()
