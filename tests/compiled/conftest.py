"""Compiling for GPUs takes Numba CUDA, which is not in every environment: `make cuda-check` has it."""

import importlib.util
import os

# With opaque pointers, which the emulator needs, NVIDIA's compiler refuses the code.
if importlib.util.find_spec("numba_cuda") is None or os.environ.get("LLVMLITE_ENABLE_IR_LAYER_TYPED_POINTERS") == "0":
    collect_ignore_glob = ["test_*"]
