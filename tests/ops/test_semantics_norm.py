"""What PyTorch's users count on in normalisation, with values worked out by hand or by a formula in NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.nn import functional as F


def leaf(values):
    return mg.tensor(np.asarray(values, np.float64), requires_grad=True)


def running(mean, var):
    return mg.tensor(mean, dtype=mg.float64), mg.tensor(var, dtype=mg.float64)


def test_training_divides_the_variance_by_n_and_the_running_one_by_n_less_one():
    mean, var = running([0, 0], [1, 1])
    x = leaf([[1, 2], [3, 6]])  # means 2 and 4, squared distances from them 1 and 4 on both sides
    out = F.batch_norm(x, mean, var, training=True, eps=1e-15)
    assert_allclose(out.detach().numpy(), [[-1, -1], [1, 1]])
    assert_allclose(mean.numpy(), [0.2, 0.4])
    assert_allclose(var.numpy(), [0.9 + 0.1 * 2, 0.9 + 0.1 * 8])


def test_momentum_is_the_share_of_the_new_batch():
    mean, var = running([10], [7])
    F.batch_norm(leaf([[[1, 2], [3, 6]]]).reshape(2, 1, 2), mean, var, training=True, momentum=1)
    assert_allclose((mean.item(), var.item()), (3, 14 / 3))


def test_evaluation_takes_the_running_moments_and_leaves_them():
    mean, var = running([1, -1], [4, 9])
    weight, bias = leaf([2, 3]), leaf([0, 10])
    out = F.batch_norm(leaf(np.arange(8).reshape(1, 2, 2, 2)), mean, var, weight, bias, eps=0)
    assert_allclose(out.tolist()[0], [[[-1, 0], [1, 2]], [[15, 16], [17, 18]]])
    assert (mean.tolist(), var.tolist()) == ([1, -1], [4, 9])


def test_the_channels_of_any_batch_have_mean_bias_and_variance_weight_squared():
    x, (weight, bias) = mg.randn(6, 3, 4, 5, dtype=mg.float64) * 3 + 2, mg.randn(2, 3, dtype=mg.float64)
    out = F.batch_norm(x, None, None, weight, bias, training=True, eps=1e-15).numpy()
    assert_allclose(out.mean((0, 2, 3)), bias.numpy())
    assert_allclose(out.var((0, 2, 3)), weight.numpy() ** 2)


def test_an_empty_batch_moves_nothing():
    mean, var = running([1], [2])
    F.batch_norm(mg.zeros(0, 1, 2, dtype=mg.float64), mean, var, training=True)
    assert (mean.tolist(), var.tolist()) == ([1], [2])


@pytest.mark.parametrize("training", [True, False])
def test_a_backward_pass_may_come_after_the_running_moments_have_moved_on(training):
    mean, var = running([1, 1], [2, 2])
    x, weight = leaf([[1, 2], [3, 6], [4, 4]]), leaf([1, 2])
    seed = mg.tensor([[1, 0], [0, 2], [3, 1]], dtype=mg.float64)

    def gradients(in_between):
        out = F.batch_norm(x, mean.clone(), var.clone(), weight, training=training)
        with_own = F.batch_norm(x, mean, var, weight, training=training) if in_between else out
        if in_between:
            F.batch_norm(x, mean, var, training=True)
        return mg.grad(with_own, [x, weight], seed)

    for expected, got in zip(gradients(False), gradients(True), strict=True):
        assert_array_equal(got.numpy(), expected.numpy())


@pytest.mark.parametrize("shape", [(64, 2), (16, 2, 5, 7), (4, 2, 65, 65)])
def test_a_large_mean_does_not_swallow_the_variance_in_float32(shape):
    x = np.random.default_rng(0).normal(1000, 0.5, shape).astype(np.float32)
    axes = (0, *range(2, x.ndim))
    exact = x.astype(np.float64)
    expected = (exact - exact.mean(axes, keepdims=True)) / np.sqrt(exact.var(axes, keepdims=True) + 1e-5)
    out = F.batch_norm(mg.from_numpy(x), None, None, training=True)
    # Neighbours of 1000 are 2**-14 apart, and the standard deviation is 0.5: a mean within 4 of them.
    assert_allclose(out.numpy(), expected, atol=2**-11, rtol=1e-5)


def test_adding_to_a_channel_changes_nothing_so_its_gradients_cancel():
    x = mg.randn(4, 3, 5, dtype=mg.float64, requires_grad=True)
    (grad,) = mg.grad(F.batch_norm(x, None, None, training=True), x, mg.randn(4, 3, 5, dtype=mg.float64))
    assert_allclose(grad.numpy().sum((0, 2)), 0, atol=1e-14)


@pytest.mark.parametrize("normalized_shape", [4, (4,), (3, 4), [2, 3, 4]])
def test_layer_norm_is_its_formula(normalized_shape):
    x, axes = mg.randn(2, 3, 4, dtype=mg.float64), tuple(range(-np.size(normalized_shape), 0))
    weight, bias = (mg.randn(*np.ravel(normalized_shape).tolist(), dtype=mg.float64) for _ in range(2))
    values = x.numpy()
    normalised = (values - values.mean(axes, keepdims=True)) / np.sqrt(values.var(axes, keepdims=True) + 0.01)
    out = F.layer_norm(x, normalized_shape, weight, bias, eps=0.01)
    assert_allclose(out.numpy(), normalised * weight.numpy() + bias.numpy())


@pytest.mark.parametrize(
    ("size", "squares"),
    [
        (1, [1, 4, 9, 16]),
        (2, [1, 5, 13, 25]),  # the channel before, and its own
        (3, [5, 14, 29, 25]),
        (4, [5, 14, 30, 29]),  # two before, one after
        (9, [30, 30, 30, 30]),
    ],
)
def test_the_window_of_a_response_is_centred_with_its_larger_part_before(size, squares):
    x = mg.tensor([[[1.0], [2.0], [3.0], [4.0]]], dtype=mg.float64)
    out = F.local_response_norm(x, size, alpha=size / 2, beta=1, k=3)
    assert_allclose(out.numpy().ravel(), np.arange(1, 5) / (3 + 0.5 * np.array(squares)))


def test_alexnets_response_normalisation_is_written_with_five_times_its_alpha():
    x = np.random.default_rng(0).normal(0, 30, (2, 7, 3, 3))
    around = [np.sum(x[:, max(c - 2, 0) : c + 3] ** 2, 1) for c in range(7)]
    expected = x / (2 + 1e-4 * np.stack(around, 1)) ** 0.75
    assert_allclose(F.local_response_norm(mg.from_numpy(x), 5, alpha=5e-4, k=2).numpy(), expected)


def test_channels_of_sequences_are_the_second_axis():
    x = mg.randn(2, 5, 3, dtype=mg.float64)
    as_images = F.local_response_norm(x.unsqueeze(-1), 3, alpha=1)
    assert_array_equal(F.local_response_norm(x, 3, alpha=1).numpy(), as_images.squeeze(-1).numpy())
