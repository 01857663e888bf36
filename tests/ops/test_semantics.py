"""What PyTorch's users count on, with values worked out by hand or by a formula in NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.nn import functional as F


def leaf(values):
    return mg.tensor(np.asarray(values, np.float64), requires_grad=True)


def image(rows):
    return leaf([[rows]])


def test_equal_maxima_of_a_window_give_the_gradient_to_the_first():
    x = image([[1, 2, 2], [2, 0, 2]])
    out, indices = F.max_pool2d(x, 2, stride=1, return_indices=True)
    assert (out.tolist(), indices.tolist()) == ([[[[2, 2]]]], [[[[1, 1]]]])
    out.sum().backward()
    assert x.grad.tolist() == [[[[0, 2, 0], [0, 0, 0]]]]


def test_a_maximum_may_win_in_several_windows():
    x = image(np.arange(9).reshape(3, 3))
    (F.max_pool2d(x, (2, 3), stride=1) * mg.tensor([[[[1.0], [10.0]]]], dtype=mg.float64)).sum().backward()
    assert x.grad.tolist() == [[[[0, 0, 0], [0, 0, 1], [0, 0, 10]]]]


def test_padding_never_wins_a_maximum():
    assert F.max_pool2d(image([[-5, -6], [-7, -8]]), 3, stride=2, padding=1).tolist() == [[[[-5]]]]


def test_a_tie_of_two_tensors_halves_the_gradient():
    for function, x_grad in ((mg.maximum, [0, 0.5, 1]), (mg.minimum, [1, 0.5, 0])):
        x, y = leaf([1, 2, 3]), leaf([2, 2, 2])
        function(x, y).sum().backward()
        assert x.grad.tolist() == x_grad
        assert y.grad.tolist() == [1 - share for share in x_grad]


def test_equal_maxima_share_the_gradient_of_amax_and_the_first_takes_that_of_max():
    x = leaf([[3, 1, 3], [0, 0, 0]])
    assert mg.grad(x.amax(1).sum(), x)[0].tolist() == [[0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3]]
    assert mg.grad(x.max(), x)[0].tolist() == [[0.5, 0, 0.5], [0, 0, 0]]
    values, indices = x.max(1)
    assert (values.tolist(), indices.tolist()) == ([3, 0], [0, 0])
    assert mg.grad(values.sum(), x)[0].tolist() == [[1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("device", ["cpu", "reference"])
def test_the_derivative_of_relu_is_0_at_zero_and_1_at_nan(device):
    x = mg.tensor([-1.0, -0.0, 0.0, 2.0, float("nan")], device=device, requires_grad=True)
    mg.relu(x).sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 1, 1]


def test_powers_have_the_gradients_of_pytorch_at_zero():
    base, exponent = leaf([0, 0, 2]), leaf([0, 2, 3])
    (base**exponent).sum().backward()
    assert base.grad.tolist() == [0, 0, 12]
    assert_allclose(exponent.grad.numpy(), [0, 0, 8 * np.log(2)])


def test_integers_have_powers_from_0_on():
    base = mg.tensor([2, 0, -3])
    assert (base ** mg.tensor([0, 0, 3])).tolist() == [1, 1, -27]
    with pytest.raises(mg.DataError, match="an integer to a negative power is no integer"):
        base ** mg.tensor([0, 1, -1])


def test_on_the_bounds_of_clamp_the_gradient_goes_to_the_input():
    x, low, high = leaf([1, 2, 3, 0, 4]), leaf([1] * 5), leaf([3] * 5)
    grads = mg.grad(mg.clamp(x, low, high).sum(), (x, low, high))
    assert [found.tolist() for found in grads] == [[1, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]


def test_casts_truncate_towards_zero():
    x = mg.tensor([-1.9, -0.5, 0.5, 1.9])
    assert x.to(mg.int64).tolist() == [-1, 0, 0, 1]
    assert x.to("bool").tolist() == [True, True, True, True]


def test_same_padding_puts_the_larger_half_last():
    x, w = image([[1, 2, 3]]), leaf([[[[1, 10]]]])
    assert F.conv2d(x, w, padding="same").tolist() == [[[[21, 32, 3]]]]
    assert F.conv2d(x, leaf([[[[1, 0, 10, 100]]]]), padding="same").tolist() == [[[[320, 31, 2]]]]
    assert F.conv2d(x, leaf([[[[1, 10, 100]]]]), padding="same", dilation=2).shape == (1, 1, 1, 3)


def test_convolution_is_cross_correlation_with_a_bias():
    x, w = image([[1, 2, 3], [4, 5, 6]]), leaf([[[[1, 0], [0, -1]]], [[[0, 2], [0, 0]]]])
    assert F.conv2d(x, w, leaf([0.5, 100])).tolist() == [[[[-3.5, -3.5]], [[104, 106]]]]


def test_groups_do_not_see_each_other():
    x, w = leaf([[[[1]], [[10]]]]), leaf([[[[2]]], [[[3]]]])
    assert F.conv2d(x, w, groups=2).tolist() == [[[[2]], [[30]]]]


@pytest.mark.parametrize(
    ("ceil_mode", "count_include_pad", "expected"),
    [
        (False, True, [3 / 3, 9 / 3]),
        (False, False, [3 / 2, 9 / 3]),
        # The last window holds the 4, the padding, and a column beyond it that never counts.
        (True, True, [3 / 3, 9 / 3, 4 / 2]),
        (True, False, [3 / 2, 9 / 3, 4 / 1]),
    ],
)
def test_average_pooling_counts_padding_but_not_what_ceil_mode_adds(ceil_mode, count_include_pad, expected):
    x = image([[1, 2, 3, 4]])
    options = {"ceil_mode": ceil_mode, "count_include_pad": count_include_pad}
    out = F.avg_pool2d(x, (1, 3), stride=(1, 2), padding=(0, 1), **options)
    assert_allclose(out.detach().numpy()[0, 0, 0], expected)


def test_ceil_mode_drops_a_window_that_starts_in_the_padding():
    x = image([[1, 2, 3]])
    assert F.max_pool2d(x, (1, 2), ceil_mode=True).tolist() == [[[[2, 3]]]]
    assert F.max_pool2d(x, (1, 2), stride=(1, 2), padding=(0, 1), ceil_mode=True).tolist() == [[[[1, 3]]]]


def numpy_cross_entropy(scores, target, weight, ignored, smoothing, reduction):
    """The formula of the documentation, an example at a time."""
    classes = scores.shape[1]
    losses, weights = np.zeros(target.shape), np.zeros(target.shape)
    for place in np.ndindex(target.shape):
        if target[place] == ignored:
            continue
        z = scores[(place[0], slice(None), *place[1:])]
        nll = np.log(np.exp(z).sum()) - z
        weights[place] = weight[target[place]]
        losses[place] = (1 - smoothing) * weights[place] * nll[target[place]] + smoothing / classes * (weight @ nll)
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / weights.sum()}[reduction]


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("ignored", [-100, 1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rest", [(), (3, 2)])
def test_cross_entropy_is_its_formula(rest, weighted, ignored, smoothing, reduction):
    rng = np.random.default_rng(0)
    scores, target = rng.normal(size=(5, 4, *rest)), rng.integers(0, 4, (5, *rest))
    weight = rng.uniform(0.5, 2.0, 4) if weighted else np.ones(4)
    out = F.cross_entropy(
        mg.from_numpy(scores),
        mg.from_numpy(target),
        mg.from_numpy(weight) if weighted else None,
        ignore_index=ignored,
        label_smoothing=smoothing,
        reduction=reduction,
    )
    assert_allclose(out.numpy(), numpy_cross_entropy(scores, target, weight, ignored, smoothing, reduction), rtol=1e-12)


def test_the_gradient_of_cross_entropy_is_softmax_minus_one_hot():
    scores, target = leaf(np.random.default_rng(0).normal(size=(4, 3))), mg.tensor([0, 2, 1, 1])
    F.cross_entropy(scores, target).backward()
    probabilities = mg.softmax(scores, 1).detach().numpy()
    assert_allclose(scores.grad.numpy(), (probabilities - np.eye(3)[[0, 2, 1, 1]]) / 4, atol=1e-15)


def test_large_scores_do_not_overflow():
    assert_array_equal(mg.softmax(mg.tensor([1e30, 0.0, -1e30]), 0).numpy(), [1, 0, 0])
    assert_array_equal(mg.log_softmax(mg.tensor([1000.0, 0.0]), 0).numpy(), [0, -1000])
    assert_array_equal(mg.sigmoid(mg.tensor([1e4, -1e4, 0.0])).numpy(), [1, 0, 0.5])


def test_dropout_drops_with_probability_p_and_keeps_the_mean():
    mg.manual_seed(0)
    x = mg.ones(100_000)
    inverted, vanilla = F.dropout(x, 0.3).numpy(), F.vanilla_dropout(x, 0.3).numpy()
    assert set(np.unique(inverted)) == {np.float32(0), np.float32(1 / 0.7)}
    assert set(np.unique(vanilla)) == {np.float32(0), np.float32(1)}
    for out in (inverted, vanilla):
        assert (out == 0).mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 1e5))
    assert F.dropout(x, 0.3, training=False) is x
    assert_array_equal(F.vanilla_dropout(x, 0.3, training=False).numpy(), np.full(100_000, 0.7, np.float32))
    assert not F.dropout(x, 1.0).numpy().any()


def test_dropout_is_another_mask_each_time_and_the_same_after_the_same_seed():
    x = mg.ones(1000)
    mg.manual_seed(3)
    first, second = F.dropout(x).tolist(), F.dropout(x).tolist()
    mg.manual_seed(3)
    assert F.dropout(x).tolist() == first != second


def test_the_gradient_of_dropout_has_the_mask_of_its_forward():
    x = mg.ones(1000, requires_grad=True)
    out = F.dropout(x, 0.4)
    F.dropout(x, 0.4)
    out.sum().backward()
    assert x.grad.tolist() == out.tolist()


def test_gather_adds_up_what_is_taken_twice():
    x = leaf([[1, 2], [3, 4]])
    out = x.gather(0, mg.tensor([[1, 0], [1, 0], [0, 0]]))
    assert out.tolist() == [[3, 2], [3, 2], [1, 2]]
    out.sum().backward()
    assert x.grad.tolist() == [[1, 3], [2, 0]]


def test_pad_takes_the_last_axis_first():
    assert F.pad(mg.tensor([[1, 2]]), (1, 0, 0, 1)).tolist() == [[0, 1, 2], [0, 0, 0]]


def test_axes_move_as_they_are_told():
    x = mg.arange(24).reshape(2, 3, 4)
    values = np.arange(24).reshape(2, 3, 4)
    assert_array_equal(x.permute(2, 0, 1).numpy(), values.transpose(2, 0, 1))
    assert_array_equal(x.transpose(-1, 0).numpy(), values.swapaxes(-1, 0))
    assert_array_equal(x.mT.numpy(), values.swapaxes(-1, -2))
    assert_array_equal(x.T.numpy(), values.T)
    assert_array_equal(x.flatten(1).numpy(), values.reshape(2, 12))
    assert_array_equal(x.flatten(0, 1).numpy(), values.reshape(6, 4))
    assert_array_equal(x.unsqueeze(-1).numpy(), values[..., None])
    assert_array_equal(x[1, ..., ::-2].numpy(), values[1, ..., ::-2])
    assert_array_equal(x[:, None, -1].numpy(), values[:, None, -1])
    assert_array_equal(mg.stack([x, x], -1).numpy(), np.stack([values, values], -1))
    assert_array_equal(mg.cat([x, x], -2).numpy(), np.concatenate([values, values], -2))
    assert (x.unsqueeze(0).squeeze().shape, x.unsqueeze(0).squeeze(1).shape) == ((2, 3, 4), (1, 2, 3, 4))


def test_reductions_reduce_the_axes_they_are_told():
    values = np.random.default_rng(0).normal(size=(2, 3, 4))
    x = mg.from_numpy(values)
    assert_allclose(x.sum((0, -1)).numpy(), values.sum((0, -1)))
    assert_allclose(x.mean(1, keepdim=True).numpy(), values.mean(1, keepdims=True))
    assert_array_equal(x.amax((1, 2)).numpy(), values.max((1, 2)))
    assert_array_equal(x.argmax(1).numpy(), values.argmax(1))
    assert x.argmax().item() == values.argmax()
    assert_array_equal(x.max(-1, keepdim=True).values.numpy(), values.max(-1, keepdims=True))


def test_products_broadcast_their_leading_axes():
    rng = np.random.default_rng(0)
    for a, b in (((2, 1, 3, 4), (5, 4, 6)), ((4,), (5, 4, 6)), ((2, 3, 4), (4,)), ((4,), (4,))):
        x, y = rng.normal(size=a), rng.normal(size=b)
        assert_allclose((mg.from_numpy(x) @ mg.from_numpy(y)).numpy(), np.matmul(x, y), atol=1e-12)
