"""Asking for a GPU where there is none: one clear line of what is missing, and nothing else changes."""

import sys
from types import ModuleType

import numpy as np
import pytest

import minigrad as mg
from minigrad.backends import base
from minigrad.errors import DeviceError

RUNTIME = "minigrad_kernels.cuda.runtime"
WAYS = {
    "tensor": lambda: mg.tensor([1.0], device="cuda"),
    "zeros": lambda: mg.zeros(2, device="cuda:0"),
    "to": lambda: mg.tensor([1.0]).to("cuda"),
    "cuda": lambda: mg.tensor([1.0]).cuda(),
    "module": lambda: mg.nn.Linear(2, 3).to("cuda"),
    "module's cuda": lambda: mg.nn.Linear(2, 3).cuda(),
    "layer": lambda: mg.nn.Linear(2, 3, device="cuda"),
    "synchronize": lambda: mg.cuda.synchronize(),
    "memory": lambda: mg.cuda.memory_allocated(),
    "empty_cache": lambda: mg.cuda.empty_cache(),
}


def raised(name, text="", module=RUNTIME, base_class=RuntimeError):
    """An exception of a class that a runtime raises."""
    return type(name, (base_class,), {"__module__": module})(text)


class Runtime(ModuleType):
    """The module that finds the GPU, and does not."""

    def __init__(self, error):
        super().__init__(RUNTIME)
        self.error = error

    def current(self):
        raise self.error


@pytest.fixture
def missing(monkeypatch):
    """Let the runtime raise an error."""
    monkeypatch.setattr(base, "_loaded", {})

    def install(error):
        monkeypatch.setitem(sys.modules, RUNTIME, Runtime(error))

    return install


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_without_numba_cuda_every_way_to_a_gpu_says_what_to_install(missing, way):
    missing(ImportError("No module named 'numba.cuda.core'"))
    with pytest.raises(DeviceError) as caught:
        way()
    assert str(caught.value) == (
        "cuda: the package numba-cuda is not installed, or not whole; pip install './minigrad[cuda]'"
    )


DRIVER = "numba.cuda.cudadrv.error"
REASONS = {
    "no driver": (
        raised("UnavailableError", "the CUDA driver cannot be used: CUDA driver library cannot be found."),
        "cuda: there is no NVIDIA driver; install one (docs/cuda.md)",
    ),
    "no GPU": (
        raised("UnavailableError", "the CUDA driver finds no GPU"),
        "cuda: the NVIDIA driver finds no GPU; nvidia-smi shows what it sees (docs/cuda.md)",
    ),
    "driver without a GPU": (
        raised(
            "CudaSupportError",
            "Error at driver init: [100] Call to cuInit results in CUDA_ERROR_NO_DEVICE",
            DRIVER,
            ImportError,
        ),
        "cuda: the NVIDIA driver finds no GPU; nvidia-smi shows what it sees (docs/cuda.md)",
    ),
    "old driver": (
        raised("UnavailableError", "the NVIDIA driver is of CUDA 12.4, too old for the compiler; install a newer one"),
        "cuda: the NVIDIA driver is of CUDA 12.4, too old for the compiler; install a newer one",
    ),
    "no compiler": (
        raised("UnavailableError", "the CUDA compiler cannot be used: Failure finding libnvrtc.so.13"),
        "cuda: the package numba-cuda is not installed, or not whole; pip install './minigrad[cuda]' (docs/cuda.md)",
    ),
    "PTX of a newer part of the compiler": (
        raised(
            "CudaAPIError", "[222] Call to cuModuleLoadDataEx results in CUDA_ERROR_UNSUPPORTED_PTX_VERSION", DRIVER
        ),
        "cuda: the NVIDIA driver is too old for the compiled kernels; install a newer one (docs/cuda.md)",
    ),
    "mixed driver": (
        raised("CudaAPIError", "[803] Call to cuInit results in CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", DRIVER),
        "cuda: the NVIDIA driver has parts of different versions; restart, or install it anew (docs/cuda.md)",
    ),
    "memory": (MemoryError(), "cuda: the GPU is out of memory; use smaller batches (docs/cuda.md)"),
    "anything": (
        raised("CudaAPIError", "[700] illegal\naddress", DRIVER),
        "cuda: the GPU failed: CudaAPIError: [700] illegal address",
    ),
}


@pytest.mark.parametrize(("error", "line"), REASONS.values(), ids=REASONS)
def test_what_a_driver_says_becomes_a_line_of_ours(missing, error, line):
    missing(error)
    assert not mg.cuda.is_available()
    with pytest.raises(DeviceError) as caught:
        mg.zeros(2, device="cuda")
    assert str(caught.value) == line
    assert caught.value.__cause__ is error


def test_what_no_device_is_to_blame_for_is_raised_as_it_is(missing):
    missing(ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError, match="ours"):
        mg.zeros(2, device="cuda")


@pytest.mark.parametrize("error", [ImportError(), RuntimeError("?"), OSError("libcuda")])
def test_is_available_raises_nothing(missing, error):
    missing(error)
    assert (mg.cuda.is_available(), mg.cuda.device_count()) == (False, 0)


def test_other_devices_go_on(missing):
    missing(ImportError())
    model = mg.nn.Linear(2, 3)
    with pytest.raises(DeviceError):
        model.to("cuda")
    assert model(mg.ones(1, 2)).device == "cpu"


def test_a_gpu_may_come_later(missing):
    missing(ImportError())
    assert not mg.cuda.is_available()
    sys.modules[RUNTIME].current = object
    assert mg.cuda.is_available()


@pytest.mark.parametrize("index", ["cuda:1", "cuda:", "cuda:-1", "cuda:x"])
def test_there_is_one_gpu(index):
    with pytest.raises(DeviceError) as caught:
        mg.zeros(2, device=index)
    assert str(caught.value) == f"zeros: device '{index}' is not there: the one GPU that is used is 'cuda:0'"


def test_a_cpu_tensor_has_no_cuda_array_interface():
    assert not hasattr(mg.zeros(2), "__cuda_array_interface__")
    assert not hasattr(mg.zeros(2, requires_grad=True), "__cuda_array_interface__")
    assert mg.zeros(2).__dlpack_device__() == np.zeros(2).__dlpack_device__()
