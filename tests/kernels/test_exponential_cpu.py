"""e**x on the CPU: to a unit in the last place over the whole range, and its ends."""

import numpy as np
import pytest

from minigrad_kernels.cpu import elementwise

FLOATS = [np.float32, np.float64]


def exp(x):
    out = np.empty_like(x)
    elementwise.exp(out, x)
    return out


@pytest.mark.parametrize("dtype", FLOATS)
def test_it_is_off_by_less_than_a_unit_in_the_last_place(dtype):
    ends = np.log(np.finfo(dtype).smallest_subnormal), np.log(np.finfo(dtype).max)
    x = np.random.default_rng(0).uniform(*ends, 200_000).astype(dtype)
    exact = np.exp(x.astype(np.longdouble))
    unit = np.spacing(exact.astype(dtype))
    assert (np.abs(exp(x) - exact) / unit).max() < 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_beyond_its_ends_it_is_0_and_infinity(dtype):
    info = np.finfo(dtype)
    largest, least = np.log(info.max), np.log(info.smallest_subnormal)
    x = np.array([largest * (1 + info.eps), info.max, np.inf, least - 1, -info.max, -np.inf], dtype)
    assert exp(x).tolist() == [np.inf, np.inf, np.inf, 0, 0, 0]
    assert exp(np.zeros(1, dtype)) == exp(-np.zeros(1, dtype)) == 1
    assert np.isnan(exp(np.array([np.nan], dtype)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_sigmoid_saturates_without_overflow(dtype):
    x = np.array([-np.finfo(dtype).max, -np.inf, 0, np.finfo(dtype).max, np.inf, np.nan], dtype)
    out = np.empty_like(x)
    elementwise.sigmoid(out, x)
    np.testing.assert_array_equal(out, [0, 0, 0.5, 1, 1, np.nan])


def test_log1p_keeps_its_digits_near_0():
    x = np.float32(10) ** np.linspace(-30, 2, 1000, dtype=np.float32)
    out = np.empty_like(x)
    elementwise.log1p(out, x)
    np.testing.assert_array_equal(out, np.log1p(x.astype(np.float64)).astype(np.float32))
