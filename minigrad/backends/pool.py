"""Host memory that is used again: a step of training needs the blocks of the step before, whose pages are mapped."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np

from minigrad.backends.base import Array, Spec

SMALLEST = 1 << 15
"""Bytes from which a block is kept; smaller ones are NumPy's business."""
_LINE = 64


class _Memory(np.ndarray[Any, np.dtype[np.uint8]]):
    """What is used again. A type of its own: of an array's bases NumPy skips those that rest on a plain array."""


class Block(_Memory):
    """One use of a memory: the base of the arrays handed out, which NumPy keeps alive as long as one of them lives."""

    returned: deque[Array]

    def __del__(self) -> None:
        self.returned.append(self.base)


class Shelf:
    """Memories that nobody uses, by size; together they have so many bytes."""

    def __init__(self) -> None:
        self.nbytes = 0
        self._by_size: dict[int, list[Any]] = {}

    def put(self, memory: Any) -> None:
        """Keep a memory."""
        self._by_size.setdefault(memory.nbytes, []).append(memory)
        self.nbytes += memory.nbytes

    def fitting(self, size: int) -> int:
        """The smallest size there is from `size` on, to twice of it; 0 if there is none."""
        return min((other for other in self._by_size if size <= other <= 2 * size), default=0)

    def take(self, size: int | None = None) -> Any:
        """Give away a memory of a size that there is, or any memory."""
        size = next(iter(self._by_size)) if size is None else size
        memories = self._by_size[size]
        memory = memories.pop()
        if not memories:
            del self._by_size[size]
        self.nbytes -= size
        return memory


class Pool:
    """One thread's blocks, by size. Whoever drops the last array of a block gives it back, from whatever thread.

    The smallest unused block that will do serves, up to twice as large as asked for. At most twice as much is held as
    was ever in use: before the pool would grow beyond that, unused blocks go.
    """

    def __init__(self) -> None:
        self.held = self.peak = 0
        self._free = Shelf()
        # Appending is atomic, and all that a dying block does: it may die in the midst of anything.
        self._returned: deque[Array] = deque()

    @property
    def unused(self) -> int:
        """Bytes of the blocks that nobody uses."""
        return self._free.nbytes

    def empty(self, spec: Spec) -> Array:
        """A C-contiguous array of undefined content, on a cache line."""
        size = rounded(spec.nbytes)
        self._collect()
        fitting = self._free.fitting(size)
        memory = self._free.take(fitting) if fitting else self._grow(size)
        self.peak = max(self.peak, self.held - self.unused)
        block = memory.view(Block)
        block.returned = self._returned
        return np.ndarray(spec.shape, spec.dtype, block)

    def clear(self) -> None:
        """Let go of all unused blocks."""
        self._collect()
        self._shrink(0)

    def _collect(self) -> None:
        while self._returned:
            self._free.put(self._returned.popleft())

    def _grow(self, size: int) -> Array:
        peak = max(self.peak, self.held - self.unused + size)
        self._shrink(2 * peak - size)
        if size >= 2**60:
            raise MemoryError  # to NumPy it would be a ValueError
        memory = np.empty(size + _LINE, np.uint8)
        self.held += size
        start = -memory.ctypes.data % _LINE
        return memory[start : start + size].view(_Memory)

    def _shrink(self, limit: int) -> None:
        """Drop unused blocks until no more than `limit` bytes are held, or none is left."""
        while self.unused and self.held > limit:
            self.held -= self._free.take().nbytes


def rounded(nbytes: int) -> int:
    """The next of eight sizes between two powers of 2."""
    step = 1 << max(nbytes.bit_length() - 4, 0)
    return -(-nbytes // step) * step


class _Own(threading.local):
    """Each thread has a pool of its own, so that there is nothing to lock, and nothing to be held across a fork."""

    def __init__(self) -> None:
        self.pool = Pool()


_own = _Own()


def own_pool() -> Pool:
    """The pool of the current thread."""
    return _own.pool
