"""A device's memory, used again: to get new memory takes long, and to give it back waits for the device."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from minigrad.backends.pool import Shelf, rounded
from minigrad.errors import DeviceError
from minigrad_kernels.cuda.array import Memory

_UNIT = 512
"""Bytes of the smallest block, and a divisor of every other's."""


class Block(Memory):
    """One use of a memory: it goes back to the pool when the last array over it dies."""

    __slots__ = ("_memory", "_returned")

    def __init__(self, memory: Memory, nbytes: int, returned: deque[Memory]) -> None:
        super().__init__(memory.address, nbytes, memory.after)
        self._memory = memory
        self._returned = returned

    def __del__(self) -> None:
        self._returned.append(self._memory)


class DevicePool:
    """The blocks of a device, by size, for all threads.

    What is launched runs in order: a block may be used again while the device still computes with what it held. Copies
    from the host run beside that. The blocks they go to serve nothing else, and each has the mark of what used it last:
    the next copy waits for that, and not for all that was launched since.
    The smallest unused block that will do serves, up to twice as large as asked for. None is given back before there is
    no other memory, or `clear` is called.
    """

    def __init__(self, runtime: Any) -> None:
        self.runtime = runtime
        self._held = self._peak = 0
        self._shelves = (Shelf(), Shelf())
        # Appending is atomic, and all that a dying block does: it may die in the midst of anything.
        self._returned: tuple[deque[Memory], deque[Memory]] = (deque(), deque())
        self._lock = threading.Lock()

    def allocate(self, nbytes: int, for_copy: bool = False) -> Block:
        """Memory of undefined content; DeviceError if there is none even without the unused blocks.

        What is `for_copy` is to be copied to from the host, before anything else.
        """
        size = rounded(-(-max(nbytes, 1) // _UNIT) * _UNIT)
        with self._lock:
            self._collect()
            shelf = self._shelves[for_copy]
            fitting = shelf.fitting(size)
            memory = shelf.take(fitting) if fitting else self._grow(size)
            self._peak = max(self._peak, self._held - self._unused())
        return Block(memory, nbytes, self._returned[for_copy])

    def allocated(self) -> int:
        """Bytes of the blocks in use."""
        with self._lock:
            self._collect()
            return self._held - self._unused()

    def reserved(self) -> int:
        """Bytes of all blocks."""
        return self._held

    def peak(self) -> int:
        """The most bytes that were in use since `reset_peak`."""
        return self._peak

    def reset_peak(self) -> None:
        """Let the peak be what is in use now."""
        self._peak = self.allocated()

    def clear(self) -> None:
        """Give all unused blocks back to the device."""
        with self._lock:
            self._collect()
            self._release()

    def _collect(self) -> None:
        for for_copy, returned in enumerate(self._returned):
            while returned:
                memory = returned.popleft()
                memory.after = self.runtime.mark() if for_copy else None
                self._shelves[for_copy].put(memory)

    def _unused(self) -> int:
        return sum(shelf.nbytes for shelf in self._shelves)

    def _grow(self, size: int) -> Memory:
        try:
            address = self.runtime.allocate(size)
        except MemoryError:
            unused = self._release()
            try:
                address = self.runtime.allocate(size)
            except MemoryError:
                raise DeviceError(self._shortage(size, unused)) from None
        self._held += size
        return Memory(address, size)

    def _release(self) -> int:
        """Give the unused blocks back; return how many bytes they had."""
        unused = self._unused()
        for shelf in self._shelves:
            while shelf.nbytes:
                memory = shelf.take()
                self._held -= memory.nbytes
                self.runtime.free(memory.address)
        return unused

    def _shortage(self, size: int, unused: int) -> str:
        free, total = self.runtime.memory_info()
        return (
            f"cuda: out of memory: {_text(size)} are asked for, tensors hold {_text(self._held)}, unused blocks of "
            f"{_text(unused)} were given back, {_text(free)} of the device's {_text(total)} are free"
        )


def _text(nbytes: int) -> str:
    return f"{nbytes / 2**20:,.1f} MiB"
