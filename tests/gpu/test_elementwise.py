"""Elementwise kernels and copies: arrays with many axes, far strides, more elements than threads, and few launches."""

import numpy as np
import pytest

from minigrad_kernels.cuda import elementwise, update
from minigrad_kernels.cuda.array import DeviceArray, Memory
from minigrad_kernels.cuda.launch import MOST_BLOCKS
from minigrad_kernels.cuda.strided import AXES
from tests.gpu.running import to_device, to_host


def launches(device):
    return [line for line in device.log if line.startswith("launch")]


def numbered(*shape):
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def applied(function, *inputs, dtype=np.float32):
    arrays = [to_device(x) for x in inputs]
    out = to_device(np.zeros(np.broadcast_shapes(*(x.shape for x in inputs)), dtype))
    function(out, *arrays)
    return to_host(out)


@pytest.mark.parametrize("axes", range(1, AXES + 3))
def test_axes_that_do_not_merge(axes, device):
    """Each is stepped over, backwards every other; beyond four, slices are launched one by one."""
    x = numbered(*(2 * length for length in (2, 3, 2, 4, 3, 2)[:axes]))
    x = x[tuple(slice(None, None, -2 if axis % 2 else 2) for axis in range(axes))]
    y = numbered(*x.shape[::-1]).T
    np.testing.assert_array_equal(applied(elementwise.sub, x, y), x - y)
    assert len(launches(device)) == np.prod(x.shape[: max(axes - AXES, 0)], dtype=int)


def test_broadcast_over_channels_is_one_launch(device):
    x, bias = numbered(3, 4, 2, 5), np.broadcast_to(numbered(4)[:, None, None], (3, 4, 2, 5))
    np.testing.assert_array_equal(applied(elementwise.add, x, bias), x + bias)
    assert launches(device) == ["launch cuda.elementwise._add"]


def test_operands_without_axes():
    condition, x, y = np.array([True, False]), np.float32(2), np.array([3, 4], np.float32)
    np.testing.assert_array_equal(applied(elementwise.where, condition, np.array(x), y), [2, 4])
    np.testing.assert_array_equal(applied(elementwise.sub, np.array(x), y), [-1, -2])
    assert applied(elementwise.sub, np.array(x), np.array(x)) == 0


def test_more_elements_than_threads():
    x = np.random.default_rng(0).normal(size=MOST_BLOCKS * 256 + 1000).astype(np.float32)
    np.testing.assert_array_equal(applied(elementwise.relu, x), np.maximum(x, 0))
    wide = np.repeat(x[:, None], 2, axis=1)
    np.testing.assert_array_equal(applied(elementwise.neg, wide.T[:, ::-1]), -wide.T[:, ::-1])


def far_apart(length, stride):
    """Rows of five bytes, `stride` apart, in memory of the host that nobody touches between them."""
    row = np.zeros((length - 1) * abs(stride) + 5, np.uint8)
    rows = np.lib.stride_tricks.as_strided(row, (length, 5), (abs(stride), 1))
    rows[...] = np.arange(5 * length).reshape(length, 5)
    array = DeviceArray(Memory(row.ctypes.data, row.nbytes), (length, 5), np.uint8, (abs(stride), 1))
    return (rows, array) if stride > 0 else (rows[::-1], array.slice((slice(None, None, -1),)))


@pytest.mark.parametrize(("length", "stride"), [(2, 2**31 - 6), (2, -(2**31) + 6), (3, 2**30 - 4), (4, -(2**29))])
def test_strides_near_the_limit(length, stride):
    rows, x = far_apart(length, stride)
    out = to_device(np.zeros((length, 5), np.uint8))
    update.copy(out, x)
    np.testing.assert_array_equal(to_host(out), rows)


def test_memory_beyond_the_limit_is_refused():
    x = DeviceArray(Memory(0, 2**32), (2, 5), np.uint8, (2**31 - 5, 1))
    with pytest.raises(ValueError, match=r"_copy: arrays have less than 2\*\*31 elements, this one 2147483648"):
        update.copy(to_device(np.zeros((2, 5), np.uint8)), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [elementwise.maximum, elementwise.minimum])
def test_extremes_keep_nan_of_either_side(function, dtype):
    x, y = np.array([[np.nan, 1, np.nan, 2], [1, np.nan, np.nan, 2]], dtype)
    np.testing.assert_array_equal(applied(function, x, y, dtype=dtype), [np.nan, np.nan, np.nan, 2])


def test_bools_stay_zeros_and_ones():
    x, y = np.array([[False, False, True, True], [False, True, False, True]])
    for function, expected in ((elementwise.add, [0, 1, 1, 1]), (elementwise.mul, [0, 0, 0, 1])):
        assert applied(function, x, y, dtype=np.bool_).view(np.uint8).tolist() == expected


def test_floats_become_integers_and_bools():
    x = np.array([-2.75, -0.5, 0.0, 0.25, 100.99], np.float32)
    np.testing.assert_array_equal(applied(elementwise.cast, x, dtype=np.int32), [-2, 0, 0, 0, 100])
    np.testing.assert_array_equal(applied(elementwise.cast, x, dtype=np.bool_), [True, True, False, True, True])
    odd = np.array([np.nan, np.inf, -0.0])
    np.testing.assert_array_equal(applied(elementwise.cast, odd, dtype=np.bool_), [True, True, False])


def test_zeros_keep_their_signs_where_nothing_is_computed():
    x = np.array([-0.0, 0.0], np.float32)
    assert np.signbit(applied(elementwise.where, np.array([True, True]), x, x)).tolist() == [True, False]
    assert np.signbit(applied(elementwise.abs, x)).tolist() == [False, False]


def test_contiguous_copies_are_the_runtimes(device):
    x = numbered(3, 4)
    np.testing.assert_array_equal(applied(update.copy, x), x)
    assert "copy on device" in device.log
    assert launches(device) == []


@pytest.mark.parametrize(
    ("dtype", "value"), [("float64", -0.1), ("float32", np.nan), ("int64", -(2**62)), ("uint8", 255), ("bool", True)]
)
def test_fill_keeps_every_bit(dtype, value):
    out = to_device(np.zeros((3, 2), dtype))
    update.fill(out, value)
    assert to_host(out).tobytes() == np.full((3, 2), value, dtype).tobytes()
