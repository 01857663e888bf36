"""Each layer computes what its function does, with the settings it holds."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.errors import DTypeError, MinigradError, ShapeError


def image(*shape):
    rng = np.random.default_rng(0)
    return mg.tensor(rng.standard_normal(shape), device="reference")


def same(left, right):
    return np.array_equal(left.detach().numpy(), right.detach().numpy())


@pytest.mark.parametrize("bias", [True, False])
def test_linear(bias):
    layer = nn.Linear(3, 2, bias=bias, device="reference", dtype=mg.float64)
    x = image(4, 3)
    assert same(layer(x), F.linear(x, layer.weight, layer.bias))
    assert layer.weight.shape == (2, 3)
    assert layer.bias.shape == (2,) if bias else layer.bias is None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": (2, 1), "padding": (0, 1), "dilation": (1, 2)},
        {"padding": "same"},
        {"groups": 2, "bias": False},
    ],
)
def test_conv2d(options):
    layer = nn.Conv2d(2, 4, (2, 3), **options, device="reference", dtype=mg.float64)
    x = image(1, 2, 6, 7)
    settings = {name: value for name, value in options.items() if name != "bias"}
    assert same(layer(x), F.conv2d(x, layer.weight, layer.bias, **settings))
    assert layer.weight.shape == (4, 2 // options.get("groups", 1), 2, 3)


def test_max_pool2d():
    x = image(1, 2, 7, 6)
    settings = {"stride": (2, 1), "padding": 1, "dilation": (1, 2), "ceil_mode": True}
    assert same(nn.MaxPool2d(3, **settings)(x), F.max_pool2d(x, 3, **settings))
    out, indices = nn.MaxPool2d(2, return_indices=True)(x)
    expected_out, expected_indices = F.max_pool2d(x, 2, return_indices=True)
    assert same(out, expected_out)
    assert same(indices, expected_indices)


@pytest.mark.parametrize("count_include_pad", [True, False])
def test_avg_pool2d(count_include_pad):
    x = image(1, 2, 7, 6)
    settings = {"stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": count_include_pad}
    assert same(nn.AvgPool2d(3, **settings)(x), F.avg_pool2d(x, 3, **settings))


def test_a_pool_strides_by_its_kernel_unless_told_otherwise():
    assert nn.MaxPool2d((2, 3)).stride == (2, 3)


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (nn.ReLU(), F.relu),
        (nn.Tanh(), F.tanh),
        (nn.Sigmoid(), F.sigmoid),
        (nn.Softmax(dim=-1), lambda x: F.softmax(x, -1)),
        (nn.LogSoftmax(dim=0), lambda x: F.log_softmax(x, 0)),
        (nn.Flatten(), lambda x: x.flatten(1)),
        (nn.Flatten(0, 1), lambda x: x.flatten(0, 1)),
    ],
)
def test_layers_without_parameters(layer, function):
    x = image(2, 3, 4)
    assert same(layer(x), function(x))


@pytest.mark.parametrize(("layer", "function"), [(nn.Dropout, F.dropout), (nn.VanillaDropout, F.vanilla_dropout)])
def test_dropout_follows_the_mode(layer, function):
    x, module = image(5, 5), layer(0.3)
    state = mg.get_rng_state()
    trained = module(x)
    mg.set_rng_state(state)
    assert same(trained, function(x, 0.3, training=True))
    assert same(module.eval()(x), function(x, 0.3, training=False))


def test_cross_entropy():
    scores, target = image(4, 3), mg.tensor([0, 2, 1, 2], device="reference")
    settings = {"ignore_index": 1, "reduction": "sum", "label_smoothing": 0.1}
    weight = mg.tensor([1.0, 2.0, 3.0], dtype=mg.float64, device="reference")
    layer = nn.CrossEntropyLoss(weight, **settings)
    assert same(layer(scores, target), F.cross_entropy(scores, target, weight, **settings))


def test_the_class_weights_of_a_loss_move_with_it():
    layer = nn.CrossEntropyLoss(mg.tensor([1.0, 2.0])).to("reference", mg.float64)
    assert (layer.weight.device, layer.weight.dtype) == ("reference", mg.float64)
    assert list(layer.state_dict()) == ["weight"]


def test_dtype_and_device_of_a_layer():
    layer = nn.Conv2d(1, 1, 1, device="reference", dtype=mg.float64)
    assert {(p.device, p.dtype) for p in layer.parameters()} == {("reference", mg.float64)}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Linear(2.0, 1), DTypeError, "Linear: in_features must be an integer, got 2.0"),
        (lambda: nn.Linear(2, -1), ShapeError, "Linear: out_features must be at least 0, got -1"),
        (lambda: nn.Conv2d(0, 1, 1), ShapeError, "Conv2d: in_channels must be at least 1, got 0"),
        (lambda: nn.Conv2d(1, 1, (1, 2, 3)), ShapeError, "Conv2d: kernel_size must be one integer or a pair"),
        (lambda: nn.Conv2d(1, 1, 1, stride=0), ShapeError, "Conv2d: stride must be at least 1, got 0"),
        (
            lambda: nn.Conv2d(3, 4, 1, groups=2),
            ShapeError,
            "in_channels 3 and out_channels 4 must divide",
        ),
        (lambda: nn.MaxPool2d(True), DTypeError, "MaxPool2d: kernel_size must be an integer, got True"),
        (lambda: nn.AvgPool2d(2, padding=-1), ShapeError, "AvgPool2d: padding must be at least 0, got -1"),
        (lambda: nn.Dropout(1.5), MinigradError, r"Dropout: p, .* must lie in \[0, 1\], got 1.5"),
        (lambda: nn.VanillaDropout("half"), DTypeError, "VanillaDropout: p must be a number, got 'half'"),
        (lambda: nn.Softmax(dim=None), DTypeError, "Softmax: dim must be an integer, got None"),
        (lambda: nn.CrossEntropyLoss([1.0]), DTypeError, "CrossEntropyLoss: weight must be a Tensor, this is list"),
    ],
)
def test_wrong_settings_are_refused_when_the_layer_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()
