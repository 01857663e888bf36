"""Lending memory by DLPack: NumPy, told that the memory is the host's, as it is here, reads what the structure says."""

import gc

import numpy as np
import pytest

import minigrad as mg
from minigrad_kernels.cuda import dlpack

CPU = 1


class Lender:
    """The array, as if on a CPU."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **_):
        return dlpack.lend(self.array, CPU)

    def __dlpack_device__(self):
        return (CPU, 0)


@pytest.fixture(autouse=True)
def emulated(log):
    """A GPU's memory is not the host's."""


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_numpy_reads_what_is_lent(dtype):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    tensor = mg.tensor(values).to("cuda")
    view, expected_view = tensor.permute(2, 0, 1)[1:, :, ::2], values.transpose(2, 0, 1)[1:, :, ::2]
    for lent, expected in ((tensor, values), (view, expected_view)):
        taken = np.from_dlpack(Lender(lent.array))
        assert taken.dtype == expected.dtype
        assert taken.tolist() == expected.tolist()
        assert taken.strides == lent.array.strides


def test_memory_lives_as_long_as_it_is_borrowed():
    before = mg.cuda.memory_allocated()
    taken = np.from_dlpack(Lender(mg.ones(1000, device="cuda").array))
    assert mg.cuda.memory_allocated() > before
    assert (taken == 1).all()
    del taken
    gc.collect()
    assert mg.cuda.memory_allocated() == before
    assert not dlpack._lent


def test_a_capsule_that_nobody_takes_gives_back_what_it_holds():
    capsule = mg.ones(3, device="cuda").__dlpack__(stream=1)
    assert len(dlpack._lent) == 1
    del capsule
    assert not dlpack._lent


def test_what_was_launched_has_run_when_memory_is_lent(log):
    tensor = mg.ones(3, device="cuda") + 1.0
    log.clear()
    tensor.__dlpack__(stream=2)
    assert log == ["synchronize"]


@pytest.mark.parametrize("asked", [{}, {"stream": 1, "copy": True}, {"stream": 1, "dl_device": (CPU, 0)}])
def test_a_copy_or_another_device_is_refused(asked):
    with pytest.raises(BufferError, match="lent as it is, on the GPU"):
        mg.ones(3, device="cuda").__dlpack__(**asked)


def test_what_needs_a_gradient_is_not_lent():
    with pytest.raises(mg.errors.GraphError, match=r"write t\.detach\(\)"):
        mg.ones(2, device="cuda", requires_grad=True).__dlpack__()
