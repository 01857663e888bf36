"""The matrix product of the CPU against NumPy in float64: strides, edges, precision, threads."""

import numpy as np
import pytest

from minigrad_kernels.cpu import matmul, matmul_dot, team, threads
from tests.kernels.cases.running import assert_guards_stand, guarded

SHAPES = [
    (1, 100, 50, 10),
    (2, 3, 5, 7),
    (1, 1, 1, 1),
    (3, 14, 256, 32),
    (1, 15, 257, 33),
    (1, 141, 60, 513),
    (2, 40, 700, 40),
]
EMPTY = [(0, 2, 3, 4), (2, 0, 3, 4), (2, 4, 3, 0), (2, 4, 0, 3)]


def multiply(a, b):
    """Call matmul with poisoned out and scratch of exactly the size asked for; nothing beside is written."""
    out = guarded(np.full((a.shape[0], a.shape[1], b.shape[2]), np.nan, a.dtype))
    scratch = guarded(np.full(matmul.matmul_scratch_bytes(out, a, b), 255, np.uint8))
    matmul.matmul(out, a, b, scratch)
    assert_guards_stand(out)
    assert_guards_stand(scratch)
    return out


def matrices(shape, dtype):
    batch, height, depth, width = shape
    random = np.random.default_rng(0)
    a = random.standard_normal((batch, height, depth)).astype(dtype)
    b = random.standard_normal((batch, depth, width)).astype(dtype)
    a.flags.writeable = b.flags.writeable = False
    return a, b


def assert_product(found, a, b):
    """Within 4 K eps of the product of the absolute values."""
    exact, size = (x.astype(np.float64) @ y.astype(np.float64) for x, y in ((a, b), (abs(a), abs(b))))
    assert np.all(abs(found - exact) <= 4 * a.shape[2] * np.finfo(found.dtype).eps * size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES + EMPTY)
def test_product(shape, dtype):
    a, b = matrices(shape, dtype)
    assert_product(multiply(a, b), a, b)


@pytest.mark.parametrize("shape", SHAPES)
def test_strides(shape):
    a, b = matrices(shape, np.float32)
    by_columns_a, by_columns_b = (np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1) for x in (a, b))
    assert_product(multiply(by_columns_a, by_columns_b), a, b)
    reversed_a, reversed_b = a[:, ::-1, ::-1], b[:, :, ::-1]
    assert_product(multiply(reversed_a, reversed_b), reversed_a, reversed_b)
    wide_a, wide_b = (np.repeat(x, 2, axis=2)[:, :, ::2] for x in (a, b))
    assert_product(multiply(wide_a, wide_b), a, b)
    one_a, one_b = np.broadcast_to(a[:1, :1], a.shape), np.broadcast_to(b[:1, :, :1], b.shape)
    assert_product(multiply(one_a, one_b), one_a, one_b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape", [(1, 100, 64, 50), (2, 7, 1025, 13), (1, 1, 2100, 1), (3, 129, 70, 6), (1, 130, 80, 131)]
)
def test_rows_with_rows(shape, dtype):
    a, b = matrices(shape, dtype)
    by_columns = np.ascontiguousarray(b.transpose(0, 2, 1)).transpose(0, 2, 1)
    assert_product(multiply(a, by_columns), a, b)


def test_rows_with_rows_in_blocks_both_ways(monkeypatch):
    monkeypatch.setattr(matmul_dot, "BLOCK_BYTES", 3600)
    monkeypatch.setattr(matmul_dot, "_plan", matmul_dot._plan.__wrapped__)
    plan = matmul_dot._plan(2, 30, 90, 61, 4)
    assert plan.block_m < 30
    assert plan.block_n < 61
    a, b = matrices((2, 30, 90, 61), np.float32)
    by_columns = np.ascontiguousarray(b.transpose(0, 2, 1)).transpose(0, 2, 1)
    assert_product(multiply(a, by_columns), a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 50, 100, 64), (2, 7, 300, 16), (3, 133, 70, 32), (2, 132, 5, 544)])
def test_rows_of_whole_vectors(shape, dtype):
    a, b = matrices(shape, dtype)
    assert_product(multiply(a, b), a, b)


def test_nan_stays_in_its_row_and_column():
    a, b = (x.copy() for x in matrices((1, 40, 300, 50), np.float32))
    a[0, 7, 299], b[0, 0, 49] = np.nan, np.inf
    found = multiply(a, b)[0]
    assert np.isnan(found[7]).all()
    rest = np.delete(found, 7, axis=0)
    assert np.isinf(rest[:, 49]).all()
    assert np.isfinite(rest[:, :49]).all()


@pytest.mark.parametrize(
    ("shape", "by_rows"), [((2, 150, 300, 600), False), ((2, 60, 300, 640), False), ((2, 150, 1100, 60), True)]
)
def test_equal_bits_at_any_number_of_threads(monkeypatch, shape, by_rows):
    monkeypatch.setattr(team, "PART_NANOSECONDS", 1)
    a, b = matrices(shape, np.float32)
    if by_rows:
        b = np.ascontiguousarray(b.transpose(0, 2, 1)).transpose(0, 2, 1)
    before = threads.get_num_threads()
    found = []
    for count in (1, 2, 4):
        threads.set_num_threads(count)
        found.append(multiply(a, b))
    threads.set_num_threads(before)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
