"""The emulator computes what a kernel says, and notices what is wrong with it: one planted defect of each kind."""

import numpy as np
import pytest

from minigrad_kernels.cuda import runtime
from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.launch import launch_blocks
from tests.gpu import planted
from tests.gpu.emulator.blocks import BarrierError
from tests.gpu.emulator.runtime import OutsideError
from tests.gpu.running import to_device, to_host

X = np.arange(1, planted.BLOCK + 1, dtype=np.float32)


def run(kernel, x=X):
    """What the kernel makes of x, in one block."""
    out, given = to_device(np.full(x.shape, np.nan, x.dtype)), to_device(x)
    launch_blocks(kernel, (1,), out, given, x.size)
    return to_host(out)


@pytest.mark.parametrize(
    ("kernel", "expected"), [(planted.copy, X), (planted.reverse, X[::-1]), (planted.rotate_twice, np.roll(X, -2))]
)
def test_sound_kernels_are_right(kernel, expected):
    for _ in range(2):  # the threads in ascending order, and in descending order
        assert run(kernel).tolist() == expected.tolist()


def test_writing_outside_an_array_is_an_error():
    assert run(planted.copy, X[:50]).tolist() == X[:50].tolist()
    with pytest.raises(OutsideError, match="a kernel wrote outside an array"):
        run(planted.copy_without_a_bound, X[:50])


def test_reading_outside_an_array_gives_nan():
    out = run(planted.copy_of_the_next)
    assert out[:-1].tolist() == X[1:].tolist()
    assert np.isnan(out[-1])


def test_a_missing_barrier_gives_nan():
    for _ in range(2):
        assert np.isnan(run(planted.reverse_without_a_barrier)).any()


def test_a_missing_barrier_that_only_the_later_threads_need_is_noticed_in_descending_order():
    assert sorted(np.isnan(run(planted.shift_without_a_barrier)).any() for _ in range(2)) == [False, True]


def test_a_missing_second_barrier_gives_wrong_numbers():
    for _ in range(2):
        assert run(planted.rotate_twice_without_the_second_barrier).tolist() != np.roll(X, -2).tolist()


def test_shared_memory_that_nobody_wrote_gives_nan():
    out = run(planted.reverse_of_what_was_not_written)
    assert np.isnan(out).tolist() == [False] * (planted.BLOCK - 1) + [True]


def test_a_barrier_that_some_threads_never_reach_is_an_error():
    with pytest.raises(BarrierError, match="32 of 64 threads ended, the others wait at a barrier"):
        run(planted.reverse_with_a_barrier_for_some)


def test_memory_runs_out(device):
    device.limit = 1000
    with pytest.raises(MemoryError):
        runtime.current().allocate(2000)


def test_an_array_with_too_many_elements_is_refused():
    out = to_device(X)
    huge = DeviceArray(out.memory, (2**31,), np.uint8)
    with pytest.raises(ValueError, match=r"arrays have less than 2\*\*31 elements, this one 2147483648"):
        launch_blocks(planted.copy, (1,), out, huge, 1)
