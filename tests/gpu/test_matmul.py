"""Products of matrices across the borders of tiles and chunks, against NumPy in float64."""

import numpy as np
import pytest

from minigrad_kernels.cuda import matmul
from minigrad_kernels.cuda.product import Product, Sizes, chunks_of
from minigrad_kernels.cuda.tile import FLAT, LARGE, SQUARE, STEP, reciprocal
from tests.gpu.running import run
from tests.kernels.cases.case import Call

SHAPES = [(1, 65, 9, 63), (2, 64, 8, 64), (1, 1, 300, 130), (3, 70, 17, 5), (1, 3, 1030, 2)]
EMPTY = [(0, 2, 3, 4), (2, 0, 3, 4), (2, 4, 3, 0), (2, 4, 0, 3)]


def matrices(shape, dtype):
    batch, rows, depth, columns = shape
    random = np.random.default_rng(0)
    return [random.standard_normal(size).astype(dtype) for size in ((batch, rows, depth), (batch, depth, columns))]


def assert_product(a, b):
    """Within 4 K eps of the product of the absolute values."""
    out = np.full((*a.shape[:-1], b.shape[-1]), np.nan, a.dtype)
    (found,) = run("matmul.matmul", Call((out,), (a, b)))
    exact, size = (x.astype(np.float64) @ y.astype(np.float64) for x, y in ((a, b), (abs(a), abs(b))))
    assert np.all(abs(found - exact) <= 4 * a.shape[-1] * np.finfo(found.dtype).eps * size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES + EMPTY)
def test_product(shape, dtype):
    assert_product(*matrices(shape, dtype))


@pytest.mark.parametrize("shape", SHAPES)
def test_strides(shape):
    a, b = matrices(shape, np.float32)
    assert_product(*(np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1) for x in (a, b)))
    assert_product(a[:, ::-1, ::-1], b[:, :, ::-1])
    assert_product(*(np.repeat(x, 2, axis=2)[:, :, ::2] for x in (a, b)))
    assert_product(np.broadcast_to(a[:1, :1], a.shape), np.broadcast_to(b[:1, :, :1], b.shape))
    assert_product(a[0], b[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(65, 20, 66), (2, 1100, 70), (3, 0, 5), (0, 3, 5)])
@pytest.mark.parametrize(("with_bias", "least"), [(False, 0.0), (True, -np.inf), (True, 0.0)])
def test_linear(shape, dtype, with_bias, least):
    rows, depth, columns = shape
    random = np.random.default_rng(1)
    x, w = (random.standard_normal((length, depth)).astype(dtype) for length in (rows, columns))
    bias = random.standard_normal(columns if with_bias else 0).astype(dtype)
    (found,) = run("matmul.linear", Call((np.full((rows, columns), np.nan, dtype),), (x, w, bias), (least,)))
    exact, size = (x.astype(np.float64) @ w.T + (bias if with_bias else 0) for x, w in ((x, w), (abs(x), abs(w))))
    bound = 4 * (depth + 1) * np.finfo(dtype).eps * (size + (abs(bias) if with_bias else 0))
    assert np.all(abs(found - np.maximum(exact, least)) <= bound)


def test_nan_stays_in_its_row_and_column():
    a, b = matrices((1, 70, 9, 66), np.float32)
    a[0, 3, 2], b[0, 1, 65] = np.nan, np.nan
    (found,) = run("matmul.matmul", Call((np.zeros((1, 70, 66), np.float32),), (a, b)))
    expected = np.zeros((1, 70, 66), bool)
    expected[0, 3], expected[0, :, 65] = True, True
    np.testing.assert_array_equal(np.isnan(found), expected)


@pytest.mark.parametrize("shape", [(1, 130, 17, 131), (2, 128, 8, 128), (1, 3, 530, 140)])
def test_product_in_large_tiles(monkeypatch, shape):
    monkeypatch.setattr(Product, "tile", lambda *_: LARGE)
    a, b = matrices(shape, np.float32)
    assert_product(a, b)
    assert_product(a[:, :, ::-1], np.ascontiguousarray(b.transpose(0, 2, 1)).transpose(0, 2, 1))


def test_tile_is_large_where_it_fills_a_device():
    product = matmul._PRODUCT
    assert product.tile(np.dtype(np.float32), Sizes(1, 2048, 2048, 9)) == LARGE
    assert product.tile(np.dtype(np.float32), Sizes(1, 1024, 2048, 9)) == SQUARE
    assert product.tile(np.dtype(np.float64), Sizes(1, 2048, 2048, 9)) == SQUARE


def test_long_sums_are_cut_into_chunks_in_one_more_launch(log):
    assert chunks_of(Sizes(1, 3, 2, 1030), SQUARE) == (264, 4)
    assert_product(*matrices((1, 3, 1030, 2), np.float32))
    assert [line for line in log if "launch" in line] == [
        "launch cuda.matmul._matmul_64x64",
        "launch cuda.product._add_chunks",
    ]


def test_many_chunks_of_few_and_of_many_elements(monkeypatch):
    monkeypatch.setattr("minigrad_kernels.cuda.product.LEAST_CHUNK", 8)
    for rows, columns in ((1, 1), (5, 7), (8, 8)):
        assert chunks_of(Sizes(1, rows, columns, 171), SQUARE) == (16, 11)
        assert_product(*matrices((1, rows, 171, columns), np.float32))


@pytest.mark.parametrize("tile", [SQUARE, FLAT, LARGE])
@pytest.mark.parametrize("sizes", [(1, 64, 576, 131072), (9, 100, 100, 10**6), (600, 1, 1, 10**6), (1, 1, 1, 0)])
def test_chunks_cover_the_sum(sizes, tile):
    chunk, chunks = chunks_of(Sizes(*sizes), tile)
    assert chunk * (chunks - 1) < max(sizes[-1], 1) <= chunk * chunks
    assert chunk % STEP == 0


@pytest.mark.parametrize("d", [1, 2, 3, 5, 7, 64, 65, 641, 2**16 + 1, 2**30, 2**31 - 1])
def test_reciprocal_divides_exactly(d):
    word = reciprocal(d)
    multiplier, shift = word % 2**32, word >> 32
    for n in {0, 1, d - 1, d, d + 1, 2**31 - 1, (2**31 - 1) // d * d, max((2**31 - 1) // d * d - 1, 0)}:
        if n < 2**31:
            assert ((2 * n * multiplier) >> 32) >> shift == n // d
            assert word < 2**64
