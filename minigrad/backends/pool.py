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


class Pool:
    """One thread's blocks, by size. Whoever drops the last array of a block gives it back, from whatever thread.

    The smallest unused block that will do serves, up to twice as large as asked for. At most twice as much is held as
    was ever in use: before the pool would grow beyond that, unused blocks go.
    """

    def __init__(self) -> None:
        self.held = self.peak = self.unused = 0
        self._free: dict[int, list[Array]] = {}
        # Appending is atomic, and all that a dying block does: it may die in the midst of anything.
        self._returned: deque[Array] = deque()

    def empty(self, spec: Spec) -> Array:
        """A C-contiguous array of undefined content, on a cache line."""
        size = _rounded(spec.nbytes)
        self._collect()
        fitting = min((other for other in self._free if size <= other <= 2 * size), default=0)
        memory = self._take(fitting) if fitting else self._grow(size)
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
            memory = self._returned.popleft()
            self._free.setdefault(memory.nbytes, []).append(memory)
            self.unused += memory.nbytes

    def _take(self, size: int) -> Array:
        blocks = self._free[size]
        memory = blocks.pop()
        if not blocks:
            del self._free[size]
        self.unused -= size
        return memory

    def _grow(self, size: int) -> Array:
        peak = max(self.peak, self.held - self.unused + size)
        self._shrink(2 * peak - size)
        self.held += size
        memory = np.empty(size + _LINE, np.uint8)
        start = -memory.ctypes.data % _LINE
        return memory[start : start + size].view(_Memory)

    def _shrink(self, limit: int) -> None:
        """Drop unused blocks until no more than `limit` bytes are held, or none is left."""
        while self._free and self.held > limit:
            self.held -= self._take(next(iter(self._free))).nbytes


def _rounded(nbytes: int) -> int:
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
