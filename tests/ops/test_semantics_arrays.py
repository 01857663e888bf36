"""What PyTorch's users count on of reductions, indexing, padding, splitting: worked out by hand, or by NumPy."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.nn import functional as F

INF, NAN = math.inf, math.nan
ROOTS = math.sqrt(4) + math.sqrt(2)


def leaf(values):
    return mg.tensor(np.asarray(values, np.float64), requires_grad=True)


def slope(function, values):
    """The gradient of a function's sum."""
    x = leaf(values)
    return mg.grad(function(x).sum(), x)[0].tolist()


def test_a_variance_divides_by_the_number_less_the_correction_but_never_by_less_than_zero():
    x = leaf([[1, 2, 6], [0, 4, 8]])
    assert x.var(1).tolist() == [7, 16]
    assert x.std(1, correction=0, keepdim=True).square().tolist() == pytest.approx(np.array([[14 / 3], [32 / 3]]))
    assert x.var(correction=0.5).item() == pytest.approx(47.5 / 5.5)
    assert x.var(0, correction=3).tolist() == [INF, INF, INF]
    assert np.isnan([mg.ones(1).var().item(), mg.zeros(0).std().item()]).all()


def test_a_deviation_has_a_gradient_of_zero_where_all_elements_are_equal():
    assert slope(mg.std, [2, 2, 2]) == [0, 0, 0]
    assert_allclose(slope(mg.std, [1, 2, 3]), [-0.5, 0, 0.5], atol=1e-15)


@pytest.mark.parametrize(
    ("p", "value", "gradient"),
    [
        (0.5, ROOTS**2, [0, -ROOTS / 2, ROOTS / math.sqrt(2)]),
        (1, 6, [0, -1, 1]),
        (2, math.sqrt(20), [0, -4 / math.sqrt(20), 2 / math.sqrt(20)]),
        (3, 72 ** (1 / 3), [0, -16 / 72 ** (2 / 3), 4 / 72 ** (2 / 3)]),
        (INF, 4, [0, -1, 0]),
    ],
)
def test_a_norm_has_a_gradient_of_zero_at_zero(p, value, gradient):
    assert leaf([0, -4, 2]).norm(p).item() == pytest.approx(value)
    assert_allclose(slope(lambda x: x.norm(p), [0, -4, 2]), gradient)
    assert slope(lambda x: x.norm(p), [0, 0, 0]) == [0, 0, 0]


def test_the_curvature_of_the_euclidean_norm_is_there_where_an_element_is_zero():
    x = leaf([0, 2])
    (first,) = mg.grad(x.norm(), x, create_graph=True)
    assert_allclose(mg.grad(first[0], x)[0].tolist(), [0.5, 0])


def test_the_logarithm_of_a_sum_of_exponentials_neither_overflows_nor_loses_the_infinities():
    x = leaf([[1000, 1000], [-INF, -INF], [INF, 1], [-INF, 3], [NAN, 1]])
    assert_allclose(x.logsumexp(1).tolist(), [1000 + math.log(2), -INF, INF, 3, NAN])
    assert slope(lambda x: x.logsumexp((0, 1)), [[-INF, 3], [3, -INF]]) == [[0, 0.5], [0.5, 0]]
    assert mg.zeros(2, 0).logsumexp(1, keepdim=True).tolist() == [[-INF], [-INF]]
    assert mg.zeros(0, 2).logsumexp(1).shape == (0,)
    assert mg.tensor([0, 0]).logsumexp(0).item() == pytest.approx(math.log(2))


def test_running_sums_count_integers_and_send_gradients_back():
    assert mg.tensor([200, 100, 7], dtype=mg.uint8).cumsum(0).tolist() == [200, 300, 307]
    assert mg.tensor([[True, True], [False, True]]).cumsum(-1).tolist() == [[1, 2], [0, 1]]
    assert slope(lambda x: x.cumsum(0) * mg.tensor([1.0, 10.0, 100.0], dtype=mg.float64), [1, 2, 3]) == [111, 110, 100]


@pytest.mark.parametrize("device", ["cpu", "reference"])
@pytest.mark.parametrize(
    ("values", "dtype", "smallest"),
    [
        ([3, 0, 255], mg.uint8, 0),
        ([True, False], mg.bool_, False),
        ([5, -(2**63), 7], mg.int64, -(2**63)),
        ([5, -(2**31), 7], mg.int32, -(2**31)),
        ([-INF, 1, INF], mg.float32, -INF),
    ],
)
def test_a_minimum_is_one_in_every_dtype(values, dtype, smallest, device):
    x = mg.tensor(values, dtype=dtype, device=device)
    assert x.amin().item() == x.min().item() == x.min(0).values.item() == smallest
    assert x.argmin().item() == x.min(0).indices.item() == values.index(smallest)


def test_equal_minima_share_the_gradient_of_all_and_the_first_takes_that_of_an_axis():
    rows = [[1, 3, 1], [2, 2, 2]]
    assert slope(mg.min, rows) == [[0.5, 0, 0.5], [0, 0, 0]]
    assert slope(lambda x: x.amin(1), rows) == [[0.5, 0, 0.5], [1 / 3] * 3]
    assert slope(lambda x: x.min(1).values, rows) == [[1, 0, 0], [1, 0, 0]]
    assert (leaf([NAN, 1]).min().item() != 1, leaf([2, NAN]).argmin().item()) == (True, 1)


def test_the_place_in_all_elements_keeps_as_many_axes_as_are_asked_for():
    x = leaf([[1, 2], [4, 3]])
    assert (x.argmax().tolist(), x.argmin(keepdim=True).tolist()) == (2, [[0]])


def test_a_second_tensor_makes_max_and_min_elementwise():
    x, y = mg.tensor([1, 5]), mg.tensor([2.5, 3.0])
    assert (mg.max(x, y).tolist(), x.min(y).tolist()) == ([2.5, 5.0], [1.0, 3.0])


def test_a_tensor_is_split_by_a_size_or_by_sizes_and_shares_its_memory():
    x = mg.arange(10).reshape(5, 2)
    assert [part.tolist() for part in x.split(2)] == [[[0, 1], [2, 3]], [[4, 5], [6, 7]], [[8, 9]]]
    assert [part.shape for part in x.split([1, 0, 4])] == [(1, 2), (0, 2), (4, 2)]
    assert [part.shape for part in x.chunk(4)] == [(2, 2), (2, 2), (1, 2)]
    assert [len(part) for part in (*mg.zeros(0).split(3), *mg.zeros(0).split(0), *mg.zeros(0).chunk(2))] == [0] * 4
    assert all(np.shares_memory(x.numpy(), part.numpy()) for part in (*x.split(2, 1), x.flip(0, 1), x.view(10)))


def test_the_axes_named_are_reversed_and_no_others():
    values = np.arange(24).reshape(2, 3, 4)
    x = mg.from_numpy(values)
    assert_array_equal(mg.flip(x, dims=(0, -1)).numpy(), values[::-1, :, ::-1])
    assert_array_equal(x.flip(1).numpy(), values[:, ::-1])
    assert_array_equal(x.flip(1, 2).numpy(), values[:, ::-1, ::-1])
    assert_array_equal(x.flip(()).numpy(), values)


@pytest.mark.parametrize(
    ("mode", "pad", "expected"),
    [
        ("reflect", (2, 1), [3, 2, 1, 2, 3, 2]),
        ("replicate", (2, 4), [1, 1, 1, 2, 3, 3, 3, 3, 3]),
        ("circular", (3, 2), [1, 2, 3, 1, 2, 3, 1, 2]),
        ("reflect", (-1, 1), [2, 3, 2]),
        ("replicate", (1, -1), [1, 1, 2]),
        ("circular", (-1, 1), [2, 3, 2]),
        ("constant", (-1, 2), [2, 3, 7, 7]),
        ("constant", (-2, -1), []),
    ],
)
def test_padding_goes_on_as_its_mode_says(mode, pad, expected):
    x = mg.tensor([[1, 2, 3], [4, 5, 6]])
    first, second = F.pad(x, pad, mode, 7 if mode == "constant" else None).tolist()
    assert first == expected
    assert second == [value if value == 7 else value + 3 for value in expected]


def test_the_gradient_of_padding_adds_up_what_an_element_was_copied_to():
    assert slope(lambda x: F.pad(x, (2, 1), "reflect"), [1, 2, 3]) == [1, 3, 2]
    assert slope(lambda x: F.pad(x, (2, 1), "replicate"), [1, 2, 3]) == [3, 1, 2]
    assert slope(lambda x: F.pad(x, (-1, 2), value=NAN), [1, 2, 3]) == [0, 1, 1]


def test_a_padded_value_takes_the_dtype_of_the_tensor():
    assert F.pad(mg.tensor([1, 2]), (1, 0), value=2.9).tolist() == [2, 1, 2]
    assert F.pad(mg.tensor([False]), (0, 1), value=3).tolist() == [False, True]
    assert F.pad(mg.tensor([1, 2]), (1, 1), "reflect", 0).tolist() == [2, 1, 2, 1]


def test_scatter_add_adds_to_what_is_there_and_leaves_out_what_the_index_does_not_reach():
    x, src, index = leaf(np.ones((2, 2))), leaf([[1, 2, 9], [3, 4, 9], [5, 6, 9]]), mg.tensor([[0, 1], [0, 0], [1, 0]])
    out = x.scatter_add(0, index, src)
    assert out.tolist() == [[5, 11], [6, 3]]
    (out * mg.tensor([[1.0, 10.0], [100.0, 1000.0]], dtype=mg.float64)).sum().backward()
    assert (x.grad.tolist(), src.grad.tolist()) == ([[1, 10], [100, 1000]], [[1, 1000, 0], [1, 10, 0], [100, 10, 0]])
    assert mg.zeros(2, dtype=mg.bool_).scatter_add(0, mg.tensor([1, 1]), mg.tensor([True, True])).tolist() == [0, 1]


def test_one_hot_tells_the_number_of_classes_by_the_largest():
    assert F.one_hot(mg.tensor([[2], [0]])).tolist() == [[[0, 0, 1]], [[1, 0, 0]]]
    assert F.one_hot(mg.tensor(1), 3).tolist() == [0, 1, 0]
    assert F.one_hot(mg.zeros(0, 2, dtype=mg.int64), 3).shape == (0, 2, 3)


def test_the_products_that_do_not_broadcast():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 4, 5))
    assert_allclose(mg.from_numpy(x).bmm(mg.from_numpy(y)).numpy(), x @ y)
    assert_allclose(mg.from_numpy(x[0]).mm(mg.from_numpy(y[0])).numpy(), x[0] @ y[0])
    assert mg.tensor([1, 2]).outer(mg.tensor([0.5, 1.0, 2.0])).tolist() == [[0.5, 1, 2], [1, 2, 4]]


def test_a_view_may_not_stand_for_more_than_2_to_the_60_bytes():
    x = mg.zeros(1)
    assert x.expand(2**58 - 1).shape == (2**58 - 1,)
    with pytest.raises(mg.OutOfMemoryError, match="expand: the device 'cpu' has no memory for"):
        x.expand(2**58)
