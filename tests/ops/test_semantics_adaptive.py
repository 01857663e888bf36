"""What PyTorch's users count on in pooling by the number of windows, unpooling and dropout of channels."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.nn import functional as F

# floor(i H / P) and ceil((i + 1) H / P) for H = 7 and P = 3, for H = 5 and P = 4
ROWS, COLUMNS = ((0, 3), (2, 5), (4, 7)), ((0, 2), (1, 3), (2, 4), (3, 5))


def image(rows):
    return mg.tensor([[rows]], dtype=mg.float64, requires_grad=True)


def windows(x):
    return [[x[..., top:bottom, left:right] for left, right in COLUMNS] for top, bottom in ROWS]


def test_windows_that_do_not_divide_the_image_overlap():
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 5))
    means = [[window.mean((2, 3)) for window in row] for row in windows(x)]
    maxima = [[window.max((2, 3)) for window in row] for row in windows(x)]
    for pool, expected in ((F.adaptive_avg_pool2d, means), (F.adaptive_max_pool2d, maxima)):
        assert_allclose(pool(mg.from_numpy(x), (3, 4)).numpy(), np.moveaxis(expected, (0, 1), (2, 3)))


def test_windows_that_divide_the_image_are_those_of_a_pooling():
    x = mg.randn(2, 3, 6, 8)
    assert_array_equal(F.adaptive_avg_pool2d(x, (3, 2)).numpy(), F.avg_pool2d(x, (2, 4)).numpy())
    assert_array_equal(F.adaptive_max_pool2d(x, (3, 2)).numpy(), F.max_pool2d(x, (2, 4)).numpy())


def test_one_window_is_global_pooling_and_none_keeps_a_length():
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 5))
    assert_allclose(F.adaptive_avg_pool2d(mg.from_numpy(x), 1).numpy()[..., 0, 0], x.mean((2, 3)))
    assert_allclose(F.adaptive_max_pool2d(mg.from_numpy(x), (None, 1)).numpy()[..., 0], x.max(3))
    assert_array_equal(F.adaptive_avg_pool2d(mg.from_numpy(x), (None, None)).numpy(), x)


def test_more_windows_than_places_repeat_them():
    assert F.adaptive_avg_pool2d(image([[1, 2]]), (1, 4)).tolist() == [[[[1, 1, 2, 2]]]]


def test_the_first_of_equal_maxima_has_the_index_and_takes_the_gradient():
    x = image([[0, 7, 7], [7, 0, 0], [0, 0, 0]])
    out, indices = F.adaptive_max_pool2d(x, (1, 2), return_indices=True)
    assert (out.tolist(), indices.tolist()) == ([[[[7, 7]]]], [[[[1, 1]]]])
    assert mg.grad(out.sum(), x)[0].tolist() == [[[[0, 2, 0], [0, 0, 0], [0, 0, 0]]]]


@pytest.mark.parametrize("pool", [F.adaptive_avg_pool2d, F.adaptive_max_pool2d])
def test_a_nan_stays_in_its_windows(pool):
    out = pool(image([[float("nan"), 1, 2, 3, 4]]), (1, 2))
    assert np.isnan(out.detach().numpy()).ravel().tolist() == [True, False]


def test_unpooling_puts_maxima_back_and_zeros_elsewhere():
    x = image([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]])
    out, indices = F.max_pool2d(x, 2, stride=2, return_indices=True)
    back = F.max_unpool2d(out, indices, 2, stride=2)
    assert back.tolist() == [[[[0, 0, 0, 0], [0, 6, 0, 8], [0, 0, 0, 0], [0, 14, 0, 16]]]]
    (grad,) = mg.grad(back, x, mg.ones_like(back))
    assert_array_equal(grad.numpy(), np.sign(back.detach().numpy()))


def test_an_output_size_says_what_the_pooling_rounded_off():
    out, indices = F.max_pool2d(image([[1, 2, 3, 4, 5]]), (1, 2), return_indices=True)
    assert F.max_unpool2d(out, indices, (1, 2)).tolist() == [[[[0, 2, 0, 4]]]]
    for size in ((1, 5), (1, 1, 1, 5)):
        assert F.max_unpool2d(out, indices, (1, 2), output_size=size).tolist() == [[[[0, 2, 0, 4, 0]]]]


def test_a_maximum_of_several_windows_comes_back_as_it_was():
    x = image([[1, 5, 2, 3]])
    out, indices = F.max_pool2d(x, (1, 2), stride=1, return_indices=True)
    assert F.max_unpool2d(out, indices, (1, 2), stride=1).tolist() == [[[[0, 5, 0, 3]]]]
    different = mg.tensor([[[[4.0, 6.0, 3.0]]]], dtype=mg.float64, requires_grad=True)
    back = F.max_unpool2d(different, indices, (1, 2), stride=1)
    assert back.tolist() == [[[[0, 5, 0, 3]]]]
    assert mg.grad(back.sum(), different)[0].tolist() == [[[[0.5, 0.5, 1]]]]


def test_whole_channels_are_dropped():
    mg.manual_seed(0)
    for shape in ((40, 50, 3, 2), (40, 50, 4)):
        out = F.dropout2d(mg.ones(*shape), 0.25).numpy().reshape(40, 50, -1)
        assert set(np.unique(out)) == {0, np.float32(4 / 3)}
        assert (out == out[..., :1]).all()
        dropped = out[..., 0] == 0
        assert abs(dropped.mean() - 0.25) < 0.03
        for axis in (0, 1):  # each image, and each channel, is dropped in part
            assert (dropped.any(axis) & ~dropped.all(axis)).all()


def test_there_may_be_65536_windows_along_an_axis():
    x = mg.rand(1, 1, 1, 2)
    assert_array_equal(F.adaptive_avg_pool2d(x, (1, 2**16)).numpy()[..., [0, -1]], x.numpy())
    assert_array_equal(F.adaptive_avg_pool2d(x.mT, (2**16, 1)).numpy()[..., [0, -1], :], x.mT.numpy())
    for size in ((2**16 + 1, 1), (1, 2**16 + 1)):
        with pytest.raises(mg.ShapeError, match="adaptive_avg_pool2d: output_size must be at most 65536, got"):
            F.adaptive_avg_pool2d(x, size)


def test_what_is_unpooled_has_at_least_a_pixel():
    x, places = mg.ones(1, 1, 1, 1), mg.zeros(1, 1, 1, 1, dtype=mg.int64)
    for padding in ((0, 1), (1, 0)):
        with pytest.raises(
            mg.ShapeError, match=r"max_unpool2d: the output must be less than a stride .* got \((2, 0|0, 2)\)"
        ):
            F.max_unpool2d(x, places, 2, padding=padding)
