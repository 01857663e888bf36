"""A launch, by Numba CUDA's own code up to the call of the driver, which is not there."""

from types import SimpleNamespace

import numpy as np
import pytest

from minigrad_kernels.cuda import driver, optimise
from minigrad_kernels.cuda.array import DeviceArray, Memory
from minigrad_kernels.cuda.compiler import WIDTHS, Types
from tools.cuda_check import fake_device

FLOAT32 = np.dtype("float32")
SCALARS = [np.float32(value) for value in (0.1, 0.9, 1.0, 0.0)] + [np.uint32(0), np.uint32(1)]


@pytest.fixture
def launched(monkeypatch):
    """The words that a kernel would be given, of each launch."""
    from numba.cuda import codegen, dispatcher
    from numba.cuda.cudadrv.devicearray import DeviceNDArray
    from numba.cuda.cudadrv.driver import MemoryPointer

    def on_device(array):
        if isinstance(array, tuple):
            return tuple(map(on_device, array))
        pointer = MemoryPointer(SimpleNamespace(), array.address, array.nbytes)
        return DeviceNDArray(array.shape, array.strides, array.dtype, gpu_data=pointer)

    def function_of(library):
        library.get_cubin(cc=(8, 0))
        return SimpleNamespace(kernel=None, module=SimpleNamespace(initialized=True))

    words = []
    monkeypatch.setattr(driver, "_on_device", on_device)
    monkeypatch.setattr(codegen.CUDACodeLibrary, "get_cufunc", function_of)
    monkeypatch.setattr(dispatcher, "LaunchConfig", lambda **options: None)
    monkeypatch.setattr(dispatcher, "launch", lambda stream, config, kernel, *given: words.append(given))
    with fake_device((8, 0)):
        yield words


@pytest.mark.parametrize("width", WIDTHS)
def test_every_array_of_a_tuple_is_handed_over(launched, width):
    gpu = driver.Driver.__new__(driver.Driver)
    gpu._stream = 0
    sizes = [3 + number for number in range(3 * width)]
    arrays = [DeviceArray(Memory(4096 * size, 4 * size), (size,), FLOAT32) for size in sizes]
    columns = [tuple(arrays[start : start + width]) for start in range(0, 3 * width, width)]
    for _ in range(2):
        gpu.launch(optimise._sgd, Types(FLOAT32, FLOAT32, width), (4, 1, 1), [*columns, *SCALARS])
    expected = [word for size in sizes for word in (0, 0, size, 4, 4096 * size, size, 4)]
    for given in launched:
        assert list(given[: len(expected)]) == expected
        assert [word.value for word in given[len(expected) :]] == [scalar.item() for scalar in SCALARS]
    assert len(launched) == 2
    compiled = optimise._sgd.compiled(Types(FLOAT32, FLOAT32, width))
    assert compiled is optimise._sgd.compiled(Types(FLOAT32, FLOAT32, width))
