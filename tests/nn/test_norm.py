"""Layers that normalise: what they compute, what they keep, and when. The numbers are PyTorch's, or done by hand."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.errors import DataError, DTypeError, ShapeError

FIRST = [[1.0, 2.0], [3.0, 6.0]]  # of means 2 and 4, and variances 1 and 4, or 2 and 8 where one less is counted
SECOND = [[1.0, 0.0], [5.0, 2.0]]  # of means 3 and 1, and variances 8 and 2 of that kind
TINY = 1e-30  # an eps that changes no digit, where 0 is refused


def batch(values):
    return mg.tensor(values, dtype=mg.float64)


def layer(**settings):
    return nn.BatchNorm1d(2, dtype=mg.float64, **settings)


def state(norm):
    return {name: value.tolist() for name, value in norm.state_dict().items()}


def close(value, expected):
    np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-12)


def test_names_shapes_and_start():
    norm = layer()
    assert state(norm) == {
        "weight": [1.0, 1.0],
        "bias": [0.0, 0.0],
        "running_mean": [0.0, 0.0],
        "running_var": [1.0, 1.0],
        "num_batches_tracked": 0,
    }
    assert [name for name, _ in norm.named_buffers()] == ["running_mean", "running_var", "num_batches_tracked"]
    assert norm.num_batches_tracked.dtype == mg.int64


def test_a_batch_is_normalised_by_its_own_statistics_in_training():
    norm = layer(eps=TINY)
    norm.load_state_dict({"weight": np.array([2.0, 3.0]), "bias": np.array([0.5, -1.0])}, strict=False)
    close(norm(batch(FIRST)), [[-1.5, -4.0], [2.5, 2.0]])


def test_running_statistics_are_averages_that_forget():
    norm = layer()
    norm(batch(FIRST))
    close(norm.running_mean, [0.2, 0.4])
    close(norm.running_var, [1.1, 1.7])
    norm(batch(SECOND))
    close(norm.running_mean, [0.48, 0.46])
    close(norm.running_var, [1.79, 1.73])
    assert norm.num_batches_tracked.item() == 2


def test_without_a_momentum_they_are_averages_of_all():
    norm = layer(momentum=None)
    norm(batch(FIRST))
    close(norm.running_mean, [2.0, 4.0])
    norm(batch(SECOND))
    close(norm.running_mean, [2.5, 2.5])
    close(norm.running_var, [5.0, 5.0])


@pytest.mark.parametrize("settings", [{}, {"momentum": None}])
def test_evaluation_takes_the_running_statistics_and_leaves_them(settings):
    norm = layer(**settings, eps=TINY)
    norm(batch(FIRST))
    before = state(norm)
    mean, variance = np.array(before["running_mean"]), np.array(before["running_var"])
    close(norm.eval()(batch(SECOND)), (np.array(SECOND) - mean) / np.sqrt(variance))
    assert state(norm) == before


def test_without_running_statistics_evaluation_takes_those_of_the_batch():
    norm = layer(track_running_stats=False, eps=TINY).eval()
    close(norm(batch(FIRST)), [[-1.0, -1.0], [1.0, 1.0]])
    assert list(norm.state_dict()) == ["weight", "bias"]


def test_statistics_that_are_no_longer_tracked_stay():
    norm = layer()
    norm.track_running_stats = False
    norm(batch(FIRST))
    assert state(norm) == state(layer())


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"affine": False, "track_running_stats": False}, []),
        ({"bias": False, "track_running_stats": False}, ["weight"]),
        ({"affine": False}, ["running_mean", "running_var", "num_batches_tracked"]),
    ],
)
def test_what_is_not_wanted_is_not_there(settings, names):
    norm = layer(eps=TINY, **settings)
    assert list(norm.state_dict()) == names
    close(norm(batch(FIRST)), [[-1.0, -1.0], [1.0, 1.0]])


def test_a_batch_that_does_not_fit_leaves_the_statistics():
    norm = layer()
    for wrong in (mg.ones(2, 3, dtype=mg.float64), mg.ones(1, 2, dtype=mg.float64), mg.ones(2, 2, dtype=mg.int64)):
        with pytest.raises((ShapeError, DTypeError, DataError)):
            norm(wrong)
    assert state(norm) == state(layer())


@pytest.mark.parametrize(
    ("norm", "shape", "message"),
    [
        (nn.BatchNorm1d(2), (2, 2, 2, 2), r"BatchNorm1d: input must be \(N, C\) or \(N, C, L\)"),
        (nn.BatchNorm2d(2), (2, 2, 2), r"BatchNorm2d: input must be \(N, C, H, W\)"),
    ],
)
def test_the_axes_are_checked(norm, shape, message):
    with pytest.raises(ShapeError, match=message):
        norm(mg.ones(shape))


@pytest.mark.parametrize(("make", "shape"), [(nn.BatchNorm1d, (5, 3, 4)), (nn.BatchNorm2d, (5, 3, 2, 4))])
def test_channels_of_sequences_and_images(make, shape):
    x = np.random.default_rng(0).standard_normal(shape) * 3 + 5
    axes = (0, *range(2, len(shape)))
    norm = make(3, eps=TINY, dtype=mg.float64)
    mean, deviation = x.mean(axes, keepdims=True), x.std(axes, keepdims=True)
    np.testing.assert_allclose(norm(mg.tensor(x)).detach().numpy(), (x - mean) / deviation, rtol=1e-10)
    np.testing.assert_allclose(norm.running_mean.numpy(), 0.1 * mean.ravel(), rtol=1e-12)
    np.testing.assert_allclose(norm.running_var.numpy(), 0.9 + 0.1 * x.var(axes, ddof=1), rtol=1e-12)


def test_the_state_goes_where_the_layer_goes():
    norm = nn.BatchNorm2d(2).to("reference", mg.float64)
    assert {(value.device, value.dtype) for value in (norm.weight, norm.running_var)} == {("reference", mg.float64)}
    assert (norm.num_batches_tracked.device, norm.num_batches_tracked.dtype) == ("reference", mg.int64)
    norm(mg.randn(2, 2, 3, 3, device="reference", dtype=mg.float64))
    assert norm.num_batches_tracked.item() == 1


def test_layer_norm():
    norm = nn.LayerNorm((2, 2), eps=0.0, dtype=mg.float64)
    assert state(norm) == {"weight": [[1.0, 1.0], [1.0, 1.0]], "bias": [[0.0, 0.0], [0.0, 0.0]]}
    x = batch([[[1.0, 3.0], [1.0, 3.0]], [[0.0, 0.0], [4.0, 4.0]]])
    close(norm(x), [[[-1.0, 1.0], [-1.0, 1.0]], [[-1.0, -1.0], [1.0, 1.0]]])
    nn.init.constant_(norm.weight, 2.0)
    nn.init.constant_(norm.bias, 1.0)
    close(norm(x)[0], [[-1.0, 3.0], [-1.0, 3.0]])


@pytest.mark.parametrize(
    ("settings", "names"),
    [({"elementwise_affine": False}, []), ({"bias": False}, ["weight"]), ({}, ["weight", "bias"])],
)
def test_what_layer_norm_learns(settings, names):
    norm = nn.LayerNorm(2, **settings)
    assert list(norm.state_dict()) == names
    assert norm.normalized_shape == (2,)
    assert norm(mg.tensor([[1.0, 3.0]])).tolist()[0] == pytest.approx([-1.0, 1.0], rel=1e-4)


def test_local_response_norm():
    x = mg.tensor(np.arange(1.0, 13.0).reshape(1, 3, 2, 2))
    close(nn.LocalResponseNorm(3, 0.1, 0.5, 2.0)(x), F.local_response_norm(x, 3, 0.1, 0.5, 2.0).numpy())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.BatchNorm1d(0), ShapeError, "BatchNorm1d: num_features must be at least 1, got 0"),
        (lambda: nn.BatchNorm2d(2, eps=-1.0), DataError, r"BatchNorm2d: eps must be a number of at least 0, got -1.0"),
        (lambda: nn.BatchNorm2d(2, momentum=2), DataError, r"BatchNorm2d: momentum must lie in \[0, 1\], got 2"),
        (lambda: nn.BatchNorm2d(2, affine=1), DTypeError, "BatchNorm2d: affine must be True or False, got 1"),
        (lambda: nn.BatchNorm2d(2, bias=None), DTypeError, "BatchNorm2d: bias must be True or False, got None"),
        (lambda: nn.LayerNorm((2, 0)), ShapeError, "LayerNorm: a length must be at least 1, got 0"),
        (lambda: nn.LayerNorm(2, "small"), DTypeError, "LayerNorm: eps must be a number, got 'small'"),
        (lambda: nn.LocalResponseNorm(0), ShapeError, "LocalResponseNorm: size must be at least 1, got 0"),
    ],
)
def test_wrong_settings_are_refused_when_the_layer_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()
