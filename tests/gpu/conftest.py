"""Where the CUDA tests run: on the emulator with `make cuda-test`, on a GPU with `make gpu-test`."""

import os

import pytest


def _wants_gpu(config):
    return config.getoption("markexpr").strip() == "gpu"


def _can_emulate():
    """The emulator wants opaque pointers, which must be chosen before llvmlite is imported."""
    return os.environ.get("LLVMLITE_ENABLE_IR_LAYER_TYPED_POINTERS") == "0"


def pytest_ignore_collect(collection_path, config):
    """Elsewhere, and without Numba CUDA, there is nothing to collect."""
    if _wants_gpu(config):
        return True if collection_path.name == "test_emulator.py" else None
    return None if _can_emulate() else True


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """On a GPU every test of this folder is one that needs it."""
    if _wants_gpu(config):
        for item in items:
            item.add_marker("gpu")


@pytest.fixture(autouse=True)
def device(request):
    """The runtime of a test."""
    from minigrad_kernels.cuda import runtime

    if _wants_gpu(request.config):
        yield runtime.current()
        return
    from tests.gpu.emulator.runtime import Emulator

    emulator = Emulator()
    with runtime.use(emulator):
        yield emulator


@pytest.fixture
def log(device):
    """The names of what was done; a GPU keeps none."""
    if not hasattr(device, "log"):
        pytest.skip("a GPU keeps no log")
    return device.log
