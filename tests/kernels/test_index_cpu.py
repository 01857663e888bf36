"""Rows at a time: what the CPU does where an index says the same all over the other axes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from minigrad_kernels.cpu import index as kernels
from minigrad_kernels.reference import index as reference


@pytest.mark.parametrize("row", [1, 10**6])
@pytest.mark.parametrize("longer", [0, 1])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_whole_rows_are_taken_and_added_as_by_the_reference(axis, longer, row, monkeypatch):
    monkeypatch.setattr(kernels, "ROW", row)
    rng = np.random.default_rng(axis)
    shape = (3, 4, 5)
    places = rng.integers(0, shape[axis], 7).reshape((-1,) + (1,) * (2 - axis))
    index = np.broadcast_to(places, (*shape[:axis], 7, *shape[axis + 1 :]))
    x = rng.normal(size=[length + longer * (a != axis) for a, length in enumerate(shape)])
    dy = rng.normal(size=index.shape)
    got, expected = np.full((2, *index.shape), np.nan)
    kernels.gather(got, x, index, axis)
    reference.gather(expected, x, index, axis)
    assert_array_equal(got, expected)
    got, expected = np.full((2, *x.shape), np.nan)
    kernels.gather_input_grad(got, dy, index, axis)
    reference.gather_input_grad(expected, dy, index, axis)
    assert_allclose(got, expected, atol=1e-15)


def test_an_index_that_differs_between_two_rows_is_followed():
    x, index = np.arange(6.0).reshape(2, 3), np.array([[2, 0, 1], [0, 1, 2]])
    got = np.empty((2, 3))
    kernels.gather(got, x, index, 1)
    assert got.tolist() == [[2, 0, 1], [3, 4, 5]]
