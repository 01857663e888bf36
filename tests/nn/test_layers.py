"""Each layer computes what its function does, with the settings it holds."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.errors import DTypeError, ShapeError


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


def test_max_pool2d():
    x = image(1, 2, 7, 6)
    settings = {"stride": (2, 1), "padding": 1, "dilation": (1, 2), "ceil_mode": True}
    assert same(nn.MaxPool2d(3, **settings)(x), F.max_pool2d(x, 3, **settings))
    out, indices = nn.MaxPool2d(2, return_indices=True)(x)
    expected_out, expected_indices = F.max_pool2d(x, 2, return_indices=True)
    assert same(out, expected_out)
    assert same(indices, expected_indices)


def test_max_unpool2d():
    x = image(1, 2, 5, 6).square()
    out, indices = nn.MaxPool2d(2, return_indices=True)(x)
    unpool = nn.MaxUnpool2d(2)
    assert unpool(out, indices).shape == (1, 2, 4, 6)
    expected = F.max_unpool2d(out, indices, 2, output_size=(5, 6))
    assert expected.shape == x.shape
    assert same(unpool(out, indices, output_size=(5, 6)), expected)
    assert same(nn.MaxPool2d(2)(expected), out)


@pytest.mark.parametrize("size", [3, (2, 4), (None, 1)])
def test_adaptive_pools(size):
    x = image(2, 2, 5, 7)
    assert same(nn.AdaptiveAvgPool2d(size)(x), F.adaptive_avg_pool2d(x, size))
    assert same(nn.AdaptiveMaxPool2d(size)(x), F.adaptive_max_pool2d(x, size))
    both = nn.AdaptiveMaxPool2d(size, return_indices=True)(x)
    for part, expected in zip(both, F.adaptive_max_pool2d(x, size, return_indices=True), strict=True):
        assert same(part, expected)


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
        (nn.LeakyReLU(0.2), lambda x: F.leaky_relu(x, 0.2)),
        (nn.ELU(0.5), lambda x: F.elu(x, 0.5)),
        (nn.Softplus(2, 3), lambda x: F.softplus(x, 2.0, 3.0)),
        (nn.SiLU(), F.silu),
        (nn.GELU(), F.gelu),
        (nn.GELU("tanh"), lambda x: F.gelu(x, "tanh")),
        (nn.Tanh(), F.tanh),
        (nn.Sigmoid(), F.sigmoid),
        (nn.Softmax(dim=-1), lambda x: F.softmax(x, -1)),
        (nn.LogSoftmax(dim=0), lambda x: F.log_softmax(x, 0)),
        (nn.Identity(5, mode="any"), lambda x: x),
        (nn.Flatten(), lambda x: x.flatten(1)),
        (nn.Flatten(0, 1), lambda x: x.flatten(0, 1)),
        (nn.ZeroPad2d(1), lambda x: F.pad(x, (1, 1, 1, 1))),
        (nn.ZeroPad2d((1, 0, 2, 3)), lambda x: F.pad(x, (1, 0, 2, 3))),
        (nn.Unfold((1, 2), 1, (1, 0), (2, 1)), lambda x: F.unfold(x, (1, 2), 1, (1, 0), (2, 1))),
        (nn.Fold(2, 1, 1, 1, 3), lambda x: F.fold(x, 2, 1, 1, 1, 3)),
    ],
    ids=lambda value: repr(value) if isinstance(value, nn.Module) else "",
)
def test_layers_without_parameters(layer, function):
    x = image(2, 3, 4)
    assert same(layer(x), function(x))
    assert not list(layer.parameters())


@pytest.mark.parametrize(
    ("layer", "function"),
    [(nn.Dropout, F.dropout), (nn.Dropout2d, F.dropout2d), (nn.VanillaDropout, F.vanilla_dropout)],
)
def test_dropout_follows_the_mode(layer, function):
    x, module = image(2, 8, 2, 2), layer(0.3)
    state = mg.get_rng_state()
    trained = module(x)
    mg.set_rng_state(state)
    assert same(trained, function(x, 0.3, training=True))
    assert same(module.eval()(x), function(x, 0.3, training=False))


CLASS_WEIGHT = mg.tensor([1.0, 2.0, 3.0], dtype=mg.float64, device="reference")


@pytest.mark.parametrize(
    ("layer", "function", "settings"),
    [
        (
            nn.CrossEntropyLoss,
            F.cross_entropy,
            {"weight": CLASS_WEIGHT, "ignore_index": 1, "reduction": "sum", "label_smoothing": 0.1},
        ),
        (nn.NLLLoss, F.nll_loss, {"weight": CLASS_WEIGHT, "ignore_index": 2, "reduction": "none"}),
        (nn.MultiMarginLoss, F.multi_margin_loss, {"p": 2, "margin": 0.5, "weight": CLASS_WEIGHT, "reduction": "sum"}),
        (nn.SVMLoss, F.svm_loss, {"squared": True, "reduction": "sum"}),
        (
            nn.BCEWithLogitsLoss,
            F.binary_cross_entropy_with_logits,
            {"weight": CLASS_WEIGHT, "reduction": "sum", "pos_weight": CLASS_WEIGHT},
        ),
        (nn.MSELoss, F.mse_loss, {"reduction": "sum"}),
        (nn.L1Loss, F.l1_loss, {"reduction": "none"}),
        (nn.SmoothL1Loss, F.smooth_l1_loss, {"reduction": "sum", "beta": 0.5}),
    ],
)
def test_losses(layer, function, settings):
    scores = image(4, 3)
    takes_values = layer in (nn.BCEWithLogitsLoss, nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss)
    target = scores.sigmoid() if takes_values else mg.tensor([0, 2, 1, 2], device="reference")
    assert same(layer()(scores, target), function(scores, target))
    assert same(layer(**settings)(scores, target), function(scores, target, **settings))


@pytest.mark.parametrize("layer", [nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss, nn.BCEWithLogitsLoss])
def test_the_class_weights_of_a_loss_move_with_it(layer):
    loss = layer(weight=mg.tensor([1.0, 2.0])).to("reference", mg.float64)
    assert (loss.weight.device, loss.weight.dtype) == ("reference", mg.float64)
    assert list(loss.state_dict()) == ["weight"]


def test_dtype_and_device_of_a_layer():
    layer = nn.Conv2d(1, 1, 1, device="reference", dtype=mg.float64)
    assert {(p.device, p.dtype) for p in layer.parameters()} == {("reference", mg.float64)}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Linear(2.0, 1), DTypeError, "Linear: in_features must be an integer, got 2.0"),
        (lambda: nn.Linear(2, -1), ShapeError, "Linear: out_features must be at least 0, got -1"),
        (lambda: nn.Linear(2, 1, bias="no"), DTypeError, "Linear: bias must be True or False, got 'no'"),
        (
            lambda: nn.ZeroPad2d((1, 2)),
            ShapeError,
            r"ZeroPad2d: padding must be one integer, or \(left, .*got \(1, 2\)",
        ),
        (lambda: nn.ZeroPad2d(-1), ShapeError, "ZeroPad2d: padding must be at least 0, got -1"),
    ],
)
def test_wrong_settings_are_refused_when_the_layer_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()
