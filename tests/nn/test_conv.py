"""Convolutional layers: what their functions do, with weights of PyTorch's names and shapes."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.errors import DTypeError, ShapeError

PLACE = {"device": "reference", "dtype": mg.float64}


def image(*shape):
    return mg.tensor(np.random.default_rng(0).standard_normal(shape), device="reference")


def check(layer, function, x, weight_shape, bias_shape, **settings):
    """The layer has these weights, and computes what the function does with them and the settings."""
    shapes = {name: value.shape for name, value in layer.state_dict().items()}
    assert shapes == {"weight": weight_shape} | ({"bias": bias_shape} if bias_shape else {})
    for given in (x, x[0]):
        expected = function(given, layer.weight, layer.bias, **settings)
        np.testing.assert_array_equal(layer(given).detach().numpy(), expected.detach().numpy())


WINDOWS = [{}, {"stride": (2, 1), "padding": (0, 1), "dilation": (1, 2)}]


@pytest.mark.parametrize("settings", [*WINDOWS, {"padding": "same"}, {"padding": "valid", "groups": 2}])
def test_conv2d(settings):
    layer = nn.Conv2d(2, 4, (2, 3), **settings, **PLACE)
    check(layer, F.conv2d, image(1, 2, 6, 7), (4, 2 // settings.get("groups", 1), 2, 3), (4,), **settings)


@pytest.mark.parametrize(
    "settings", [{}, {"stride": 2, "padding": (1,), "dilation": 2}, {"padding": "same", "groups": 2}]
)
def test_conv1d(settings):
    layer = nn.Conv1d(2, 4, 3, **settings, **PLACE)
    check(layer, F.conv1d, image(1, 2, 7), (4, 2 // settings.get("groups", 1), 3), (4,), **settings)


@pytest.mark.parametrize("settings", [*WINDOWS, {"stride": 2, "output_padding": (1, 0), "groups": 2}])
def test_conv_transpose2d(settings):
    layer = nn.ConvTranspose2d(2, 4, (2, 3), **settings, **PLACE)
    check(layer, F.conv_transpose2d, image(1, 2, 3, 4), (2, 4 // settings.get("groups", 1), 2, 3), (4,), **settings)


@pytest.mark.parametrize(("settings", "windows"), [(WINDOWS[0], (4, 4)), (WINDOWS[1], (2, 4))])
def test_locally_connected2d(settings, windows):
    layer = nn.LocallyConnected2d(2, 3, (5, 6), (2, 3), **settings, **PLACE)
    check(layer, F.locally_connected2d, image(1, 2, 5, 6), (*windows, 3, 2, 2, 3), (3, *windows), **settings)


MAKERS = {
    "Conv1d": lambda **options: nn.Conv1d(2, 4, 3, **options),
    "Conv2d": lambda **options: nn.Conv2d(2, 4, 3, **options),
    "ConvTranspose2d": lambda **options: nn.ConvTranspose2d(2, 4, 3, **options),
    "LocallyConnected2d": lambda **options: nn.LocallyConnected2d(2, 4, 5, 3, **options),
}


@pytest.mark.parametrize("name", MAKERS)
def test_without_a_bias(name):
    layer = MAKERS[name](bias=False, device="reference")
    assert layer.bias is None
    assert list(layer.state_dict()) == ["weight"]
    assert layer(mg.ones(1, 2, *(5,) * layer.rank, device="reference")).shape[:2] == (1, 4)


@pytest.mark.parametrize("name", MAKERS)
def test_the_norm_of_a_unit_s_weights_is_bounded(name):
    layer = MAKERS[name](device="reference")
    nn.init.ones_(layer.weight)
    optim.regularize.MaxNorm(2.0)(layer)
    assert layer.weight.tolist() == mg.full(layer.weight.shape, (2 / (2 * 3**layer.rank)) ** 0.5).tolist()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Conv2d(0, 1, 1), ShapeError, "Conv2d: in_channels must be at least 1, got 0"),
        (lambda: nn.Conv2d(1, 1, (1, 2, 3)), ShapeError, "Conv2d: kernel_size must be one integer or a pair"),
        (lambda: nn.Conv2d(1, 1, 1, stride=0), ShapeError, "Conv2d: stride must be at least 1, got 0"),
        (
            lambda: nn.Conv2d(3, 4, 1, groups=2),
            ShapeError,
            "in_channels 3 and out_channels 4 must divide into 2 groups",
        ),
        (lambda: nn.Conv2d(1, 1, 1, padding="full"), ShapeError, "Conv2d: padding must be .*'same'.* got 'full'"),
        (lambda: nn.Conv2d(1, 1, 3, (1, 2), "same"), ShapeError, r"padding='same' needs stride 1, got \(1, 2\)"),
        (lambda: nn.Conv2d(1, 1, 1, bias=0), DTypeError, "Conv2d: bias must be True or False, got 0"),
        (lambda: nn.Conv1d(1, 1, (2, 2)), ShapeError, r"Conv1d: kernel_size must be one integer, got \(2, 2\)"),
        (lambda: nn.ConvTranspose2d(1, 1, 3, padding="same"), DTypeError, "padding must be an integer, got 'same'"),
        (
            lambda: nn.ConvTranspose2d(1, 1, 3, 2, output_padding=2),
            ShapeError,
            "output_padding must be below the stride",
        ),
        (
            lambda: nn.LocallyConnected2d(3, 1, (8, 4), 5),
            ShapeError,
            r"LocallyConnected2d: no window fits: output width = floor\(\(4 \+ 2\*0 - 5\) / 1\) \+ 1 = 0\n.*3, 8, 4",
        ),
    ],
)
def test_wrong_settings_are_refused_when_the_layer_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()
