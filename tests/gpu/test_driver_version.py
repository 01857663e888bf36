"""What is looked at before a GPU is used: that it is there, and that its driver takes what the compiler makes."""

from types import SimpleNamespace

import pytest

import minigrad as mg
from minigrad.backends import base
from minigrad.errors import DeviceError
from minigrad_kernels.cuda import driver, language, runtime


@pytest.fixture
def machine(monkeypatch):
    """Let there be a GPU, and a driver and a compiler of these versions of CUDA."""

    def install(of_driver, of_compiler, links=True, gpus=1):
        compiler = of_compiler if callable(of_compiler) else lambda: of_compiler
        monkeypatch.setattr(driver, "cuda", SimpleNamespace(gpus=[None] * gpus, stream=lambda: 0))
        monkeypatch.setattr(driver, "_Staging", lambda: None)
        monkeypatch.setattr(language, "driver_version", lambda: of_driver)
        monkeypatch.setattr(language, "compiler_version", compiler)
        monkeypatch.setattr(language, "has_linker", lambda: links)
        monkeypatch.setattr(runtime, "_current", [])
        monkeypatch.setattr(base, "_loaded", {})

    return install


def message():
    with pytest.raises(DeviceError) as caught:
        mg.zeros(2, device="cuda")
    assert not mg.cuda.is_available()
    return str(caught.value)


@pytest.mark.parametrize(
    ("of_driver", "of_compiler", "links"),
    [((12, 9), (13, 0), True), ((12, 9), (13, 0), False), ((13, 0), (13, 1), False), ((9, 2), (13, 0), True)],
)
def test_a_driver_too_old_for_the_compiler_is_named_with_it(machine, of_driver, of_compiler, links):
    machine(of_driver, of_compiler, links)
    own, needed = f"{of_driver[0]}.{of_driver[1]}", f"{of_compiler[0]}.{of_compiler[1]}"
    assert message() == (
        f"cuda: the NVIDIA driver is of CUDA {own}, too old for the compiler of kernels, which is of CUDA {needed}; "
        f"install a newer driver, or a compiler of CUDA {own} (docs/cuda.md)"
    )


@pytest.mark.parametrize(
    ("of_driver", "of_compiler", "links"),
    [
        ((13, 0), (13, 0), True),
        ((13, 0), (13, 0), False),
        ((13, 2), (13, 0), False),
        ((14, 0), (13, 9), False),
        ((13, 0), (13, 5), True),  # machine code of a newer minor version runs
    ],
)
def test_other_drivers_are_taken(machine, of_driver, of_compiler, links):
    machine(of_driver, of_compiler, links)
    assert mg.cuda.is_available()
    assert isinstance(runtime.current(), driver.Driver)


def test_without_a_compiler_it_is_said_what_to_install(machine):
    def missing():
        raise RuntimeError("Failure finding\n libnvrtc.so.13")

    machine((13, 0), missing)
    assert message() == (
        "cuda: the package numba-cuda is not installed, or not whole; pip install './minigrad[cuda]' (docs/cuda.md)"
    )


def test_that_there_is_no_gpu_comes_first(machine):
    machine((1, 0), (13, 0), gpus=0)
    assert message() == "cuda: the NVIDIA driver finds no GPU; nvidia-smi shows what it sees (docs/cuda.md)"


def test_the_compiler_says_its_version_without_a_driver():
    major, minor = language.compiler_version()
    assert major >= 12
    assert minor >= 0
    assert language.has_linker() in (True, False)


def test_the_cpu_is_as_usable_as_before(machine):
    machine((12, 0), (13, 0))
    kept = mg.ones(2)
    with pytest.raises(DeviceError):
        kept.to("cuda")
    assert (kept + kept).tolist() == [2, 2]
