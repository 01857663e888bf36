"""Where the CUDA tests run: on the emulator, or with `-m gpu` on a GPU."""

import os

import pytest

# The emulator wants opaque pointers, and Numba CUDA: `make cuda-test` has both.
if os.environ.get("LLVMLITE_ENABLE_IR_LAYER_TYPED_POINTERS") != "0":
    collect_ignore_glob = ["test_*", "emulator/*"]
else:
    from minigrad_kernels.cuda import runtime
    from tests.gpu.emulator.runtime import Emulator

    @pytest.fixture(autouse=True)
    def device():
        """The emulated device of a test."""
        emulator = Emulator()
        with runtime.use(emulator):
            yield emulator
