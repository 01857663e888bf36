"""The runtime that emulates a device: memory of the host between guards, and kernels run by `blocks`."""

import ctypes

import numpy as np

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.runtime import Runtime
from tests.gpu.emulator.blocks import UNWRITTEN, run_blocks
from tests.gpu.emulator.native import compile_native

GUARD = 4096
TOTAL = 1 << 30


class OutsideError(IndexError):
    """A kernel wrote outside the memory that it was given."""


class Emulator(Runtime):
    """A device of one gibibyte. `log` names what was done: launches, copies, and waits for the device."""

    def __init__(self) -> None:
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
        del self._memory[address]

    @property
    def used(self):
        return sum(buffer.nbytes - 2 * GUARD for buffer in self._memory.values())

    def copy_to_device(self, address, host):
        self.log.append("copy to device")
        ctypes.memmove(address, host.ctypes.data, host.nbytes)

    def copy_to_host(self, host, address):
        self.log.append("copy to host")
        ctypes.memmove(host.ctypes.data, address, host.nbytes)

    def copy_on_device(self, target, source, nbytes):
        self.log.append("copy on device")
        ctypes.memmove(target, source, nbytes)

    def launch(self, kernel, types, grid, arguments):
        self.log.append(f"launch {kernel.name}")
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

    def memory_info(self):
        return self.limit - self.used, self.limit

    def assert_guards_stand(self):
        for address, buffer in self._memory.items():
            start = address - buffer.ctypes.data
            if (buffer[:start] != UNWRITTEN).any() or (buffer[-GUARD:] != UNWRITTEN).any():
                raise OutsideError("a kernel wrote outside an array")
