"""The runtime that emulates a device: memory of the host between guards, and kernels run by `blocks`.

Of its two queues, kernels run when they are launched, and copies from the host as late as they may: when somebody waits
for them. What a kernel, or a copy, would meet on a device if no mark kept the queues apart is an error at once.
"""

import ctypes
from typing import NamedTuple

import numpy as np

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.runtime import Runtime
from tests.gpu.emulator.blocks import UNWRITTEN, run_blocks
from tests.gpu.emulator.native import compile_native

GUARD = 4096
TOTAL = 1 << 30


class OutsideError(IndexError):
    """A kernel wrote outside the memory that it was given."""


class RaceError(RuntimeError):
    """Nothing says whether a kernel or a copy comes first, and both use one memory."""


class Mark(NamedTuple):
    """How many launches and how many copies come before it."""

    launches: int
    copies: int


class _Copy(NamedTuple):
    number: int
    address: int
    contents: bytes


class Emulator(Runtime):
    """A device of one gibibyte.

    `log` names what was done: launches, copies when they are queued, and waits. `waiting` has the copies that nobody
    has waited for yet: a device may not have begun them.
    """

    stream = 7

    def __init__(self) -> None:
        self._launches = self._copies = 0
        self._launches_before_copies = 0
        self._last_use: dict[tuple[int, int], int] = {}
        self.waiting: list[_Copy] = []
        self._memory: dict[int, np.ndarray] = {}
        self.log: list[str] = []
        self._runs_backwards = False
        self.limit = TOTAL

    def allocate(self, nbytes):
        if self.used + nbytes > self.limit:
            raise MemoryError
        buffer = np.full(nbytes + 2 * GUARD + 256, UNWRITTEN, np.uint8)
        start = GUARD + -(buffer.ctypes.data + GUARD) % 256
        self._memory[buffer.ctypes.data + start] = buffer[: start + nbytes + GUARD]
        return buffer.ctypes.data + start

    def free(self, address):
        self.assert_guards_stand()
        self._copy_up_to(self._copies)
        block = self._memory.pop(address)
        self._last_use = {
            place: last for place, last in self._last_use.items() if not _overlap(*place, address, block.nbytes)
        }

    @property
    def used(self):
        return sum(buffer.nbytes - 2 * GUARD for buffer in self._memory.values())

    def copy_to_device(self, address, host, after):
        self.log.append("copy to device")
        self._launches_before_copies = max(self._launches_before_copies, after.launches)
        for (start, nbytes), last in self._last_use.items():
            if _overlap(start, nbytes, address, host.nbytes) and last > self._launches_before_copies:
                raise RaceError("a copy does not wait for what used its memory before")
        self._copies += 1
        self.waiting.append(_Copy(self._copies, address, host.tobytes()))
        return Mark(0, self._copies)

    def copy_to_host(self, host, address):
        self.log.append("copy to host")
        self._use(address, host.nbytes)
        ctypes.memmove(host.ctypes.data, address, host.nbytes)

    def copy_on_device(self, target, source, nbytes):
        self.log.append("copy on device")
        self._use(target, nbytes)
        self._use(source, nbytes)
        ctypes.memmove(target, source, nbytes)

    def mark(self):
        return Mark(self._launches, 0)

    def wait(self, mark):
        self.log.append("wait for copies")
        self._copy_up_to(mark.copies)

    def _copy_up_to(self, number):
        while self.waiting and self.waiting[0].number <= number:
            _, address, contents = self.waiting.pop(0)
            ctypes.memmove(address, contents, len(contents))

    def _use(self, address, nbytes):
        """Take note that the queue of launches uses memory."""
        if any(_overlap(address, nbytes, copy.address, len(copy.contents)) for copy in self.waiting):
            raise RaceError("what is launched does not wait for what is copied to its memory")
        self._launches += 1
        self._last_use[address, nbytes] = self._launches

    def launch(self, kernel, types, grid, arguments):
        self.log.append(f"launch {kernel.name}")
        for argument in arguments:
            if isinstance(argument, DeviceArray):
                self._use(argument.address, argument.nbytes)
        native = compile_native(kernel.function, kernel.signature(types))
        values, c_types = [], []
        flat = [one for argument in arguments for one in (argument if isinstance(argument, tuple) else (argument,))]
        for argument in flat:
            if isinstance(argument, DeviceArray):
                assert argument.is_contiguous, f"{kernel!r} was given {argument!r}"
                assert argument.address % argument.itemsize == 0
                fields = (0, 0, argument.size, argument.itemsize, argument.address, *argument.shape, *argument.strides)
                values += fields
                c_types += [ctypes.c_int64] * len(fields)
            else:
                values.append(argument.item())
                c_types.append(np.ctypeslib.as_ctypes_type(argument.dtype))
        function = ctypes.PYFUNCTYPE(None, *c_types)(native.address)
        self._runs_backwards = not self._runs_backwards
        run_blocks(native, grid, (kernel.block,), lambda: function(*values), self._runs_backwards)
        self.assert_guards_stand()

    def synchronize(self):
        self.log.append("synchronize")
        self._copy_up_to(self._copies)

    def memory_info(self):
        return self.limit - self.used, self.limit

    def assert_guards_stand(self):
        for address, buffer in self._memory.items():
            start = address - buffer.ctypes.data
            if (buffer[:start] != UNWRITTEN).any() or (buffer[-GUARD:] != UNWRITTEN).any():
                raise OutsideError("a kernel wrote outside an array")


def _overlap(start, nbytes, other, other_nbytes):
    return start < other + other_nbytes and other < start + nbytes
