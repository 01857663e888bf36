"""Where the CUDA tests run: on the emulator, or with `-m gpu` on a GPU."""

import os

import pytest

if os.environ.get("LLVMLITE_ENABLE_IR_LAYER_TYPED_POINTERS") != "0":
    collect_ignore_glob = ["*"]  # `make cuda-test` sets it, in an environment that has Numba CUDA
else:
    from minigrad_kernels.cuda import runtime
    from tests.gpu.emulator.runtime import Emulator

    @pytest.fixture(autouse=True)
    def device(request):
        """The device of a test: emulated, or the GPU."""
        if request.node.get_closest_marker("gpu"):
            yield runtime.current()
            return
        emulator = Emulator()
        with runtime.use(emulator):
            yield emulator
