"""Layers whose fields are the arguments of their function: names, defaults, checks."""

import inspect
from dataclasses import MISSING, fields

import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn.layers.settings import Settings

LAYERS = [layer for layer in vars(nn).values() if inspect.isclass(layer) and issubclass(layer, Settings)]
NOT_SET = {"input", "target", "training", "dtype", "indices"}


def test_all_layers_of_this_kind_are_looked_at():
    assert {nn.ReLU, nn.MaxPool2d, nn.Fold, nn.Dropout, nn.CrossEntropyLoss} < set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_has_its_function_s_arguments_and_defaults(layer):
    arguments = {
        name: MISSING if argument.default is argument.empty else argument.default
        for name, argument in inspect.signature(layer.function).parameters.items()
        if name not in NOT_SET
    }
    if layer is nn.MaxUnpool2d:
        del arguments["output_size"]  # is given at the call
    settings = {setting.name: setting.default for setting in fields(layer)}
    if layer in (nn.Softmax, nn.LogSoftmax, nn.Flatten):  # whose functions have other defaults
        assert list(settings) == list(arguments)
    else:
        assert settings == arguments


@pytest.mark.parametrize("layer", LAYERS)
def test_every_setting_is_checked(layer):
    required = {setting.name: 1 for setting in fields(layer) if setting.default is MISSING}
    for setting in fields(layer):
        with pytest.raises((DataError, DTypeError, ShapeError), match=rf"^{layer.__name__}: {setting.name}\b"):
            layer(**required | {setting.name: object()})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.MaxPool2d(True), DTypeError, "MaxPool2d: kernel_size must be an integer, got True"),
        (
            lambda: nn.MaxPool2d(2, return_indices=1),
            DTypeError,
            "MaxPool2d: return_indices must be True or False, got 1",
        ),
        (lambda: nn.AvgPool2d(2, padding=-1), ShapeError, "AvgPool2d: padding must be at least 0, got -1"),
        (lambda: nn.AvgPool2d(2, stride=0), ShapeError, "AvgPool2d: stride must be at least 1, got 0"),
        (lambda: nn.AdaptiveAvgPool2d((2, 0)), ShapeError, "AdaptiveAvgPool2d: output_size must be at least 1, got 0"),
        (lambda: nn.AdaptiveMaxPool2d((1, 2, 3)), ShapeError, "AdaptiveMaxPool2d: output_size must be one integer or"),
        (lambda: nn.MaxUnpool2d(0), ShapeError, "MaxUnpool2d: kernel_size must be at least 1, got 0"),
        (lambda: nn.Unfold((2, 3, 4)), ShapeError, "Unfold: kernel_size must be one integer or a pair"),
        (lambda: nn.Fold(0, 1), ShapeError, "Fold: output_size must be at least 1, got 0"),
        (lambda: nn.Dropout(1.5), DataError, r"Dropout: p, .* must lie in \[0, 1\], got 1.5"),
        (
            lambda: nn.VanillaDropout("half"),
            DTypeError,
            "VanillaDropout: p, .* must be a number, got 'half'",
        ),
        (lambda: nn.Softmax(dim=None), DTypeError, "Softmax: dim must be an integer, got None"),
        (lambda: nn.LeakyReLU("steep"), DTypeError, "LeakyReLU: negative_slope must be a number, got 'steep'"),
        (lambda: nn.ELU(True), DTypeError, "ELU: alpha must be a number, got True"),
        (lambda: nn.GELU("erf"), DataError, r"GELU: approximate must be 'none' or 'tanh', got 'erf'"),
        (lambda: nn.CrossEntropyLoss([1.0]), DTypeError, "CrossEntropyLoss: weight must be a Tensor, this is list"),
        (
            lambda: nn.CrossEntropyLoss(label_smoothing=1.5),
            DataError,
            r"CrossEntropyLoss: label_smoothing must lie in \[0, 1\], got 1.5",
        ),
        (lambda: nn.MSELoss("median"), DataError, r"MSELoss: reduction must be 'none', 'mean' or 'sum', got 'median'"),
        (lambda: nn.MultiMarginLoss(p=3), DataError, r"MultiMarginLoss: p must be 1 or 2, got 3"),
        (
            lambda: nn.SmoothL1Loss(beta=float("nan")),
            DataError,
            "beta must be a number of at least 0, got nan",
        ),
    ],
)
def test_wrong_settings_are_refused_when_the_layer_is_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_numbers_of_numpy_become_python_s():
    layer = nn.LeakyReLU(mg.tensor(0.5).numpy()[()])
    assert repr(layer) == "LeakyReLU(negative_slope=0.5)"


def test_a_subclass_may_have_a_constructor_of_its_own():
    class Square(nn.MaxPool2d):
        def __init__(self):
            super().__init__(2)

    assert repr(Square()) == "Square(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"
