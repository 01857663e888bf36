"""Indexing as NumPy does it, but for integers beside arrays, which are applied first, as in PyTorch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg

VALUES = np.arange(60.0).reshape(3, 4, 5)
A, B, COLUMN = np.array([0, 2, -1, 1]), np.array([1, 0, -4, 2]), np.array([[0], [-2]])
ROWS, PLANE = np.array([True, False, True]), VALUES[0] % 3 == 0
EMPTY = np.array([], np.int64)

LIKE_NUMPY = [
    A,
    (A, B),
    (slice(None), A % 4, B),
    (A, slice(None), B),
    (A, None, B),
    (None, A),
    (..., A),
    (A, ...),
    (slice(None, None, 2), A, slice(1, None)),
    (slice(None), None, A, None, slice(None, None, -1)),
    COLUMN,
    (COLUMN, A),
    (slice(None), COLUMN, slice(None), None),
    (slice(None), COLUMN, COLUMN),
    ROWS,
    (ROWS, [0, 1]),
    (ROWS, slice(None), [1, -1]),
    VALUES % 2 == 0,
    PLANE[:3, 0][:, None] & np.ones((3, 4), bool),
    (slice(None), PLANE),
    (slice(None), PLANE, None),
    (~ROWS & ROWS, ...),
    EMPTY,
    (EMPTY, COLUMN[:0]),
    (A.astype(np.int32), B),
]


def tensors(index):
    items = index if isinstance(index, tuple) else (index,)
    return tuple(mg.tensor(item) if isinstance(item, np.ndarray) else item for item in items)


@pytest.mark.parametrize("device", ["cpu", "reference"])
@pytest.mark.parametrize("index", LIKE_NUMPY, ids=range(len(LIKE_NUMPY)))
def test_arrays_select_as_in_numpy(index, device):
    x = mg.tensor(VALUES, device=device, requires_grad=True)
    out = x[tensors(index)]
    assert_array_equal(out.detach().numpy(), VALUES[index])
    assert_array_equal(x[index].detach().numpy(), VALUES[index])
    assert_array_equal(x.permute(2, 0, 1).permute(1, 2, 0)[index].detach().numpy(), VALUES[index])
    weights = np.random.default_rng(0).normal(size=out.shape)
    expected = np.zeros_like(VALUES)
    np.add.at(expected, index, weights)
    (grad,) = mg.grad(out, x, mg.tensor(weights, device=device))
    assert_allclose(grad.numpy(), expected)


def test_an_integer_beside_arrays_is_applied_before_them():
    x = mg.tensor(VALUES)
    assert_array_equal(x[0, :, [1, 3]].numpy(), VALUES[0][:, [1, 3]])  # NumPy has the selected axis in front
    assert_array_equal(x[mg.tensor(0), :, [1, 3]].numpy(), VALUES[0][:, [1, 3]])
    assert_array_equal(x[[0, 2], 1, [1, 3]].numpy(), VALUES[[0, 2], 1, [1, 3]])
    assert_array_equal(x[[0, 2], :, 0].numpy(), VALUES[[0, 2], :, 0])


def test_lists_and_ranges_are_arrays():
    x = mg.tensor(VALUES)
    assert_array_equal(x[[2, 0]].numpy(), VALUES[[2, 0]])
    assert_array_equal(x[[[0, 1], [2, 0]]].numpy(), VALUES[[[0, 1], [2, 0]]])
    assert_array_equal(x[[True, False, True]].numpy(), VALUES[[True, False, True]])
    assert_array_equal(x[:, range(1, 4, 2)].numpy(), VALUES[:, [1, 3]])
    assert x[[]].shape == (0, 4, 5)


def test_what_is_selected_twice_has_the_sum_of_the_gradients_and_of_their_derivatives():
    x = mg.tensor([1.0, 2.0, 3.0], dtype=mg.float64, requires_grad=True)
    (first,) = mg.grad((x[[0, 2, 0]] ** 3).sum(), x, create_graph=True)
    assert first.tolist() == [6, 0, 27]
    (second,) = mg.grad(first.sum(), x, create_graph=True)
    assert second.tolist() == [12, 0, 18]
    assert mg.grad(second.sum(), x)[0].tolist() == [12, 0, 6]


def test_a_mask_of_a_tensor_selects_where_it_holds():
    x = mg.tensor([-1.0, 2.0, -3.0, 4.0], requires_grad=True)
    x[x > 0].sum().backward()
    assert x.grad.tolist() == [0, 1, 0, 1]
