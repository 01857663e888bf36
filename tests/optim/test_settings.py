"""Defaults and bounds of the settings."""

import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DataError, DTypeError

NAN = float("nan")
ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False}


def make(name, **chosen):
    return getattr(optim, name)([nn.Parameter(mg.ones(1, device="reference"))], **chosen)


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        (
            "RMSprop",
            {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0, "momentum": 0.0, "centered": False},
        ),
        ("Adagrad", {"lr": 1e-2, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": 1e-10}),
        ("Adadelta", {"lr": 1.0, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.0}),
        ("Adam", ADAM),
        ("AdamW", ADAM | {"weight_decay": 1e-2}),
    ],
)
def test_defaults_are_pytorch_s_in_its_order(name, defaults):
    optimizer = make(name)
    assert optimizer.defaults == defaults
    assert list(optimizer.defaults) == list(defaults)


NOT_NEGATIVE = [
    *(("RMSprop", setting) for setting in ("lr", "eps", "weight_decay", "momentum")),
    *(("Adagrad", setting) for setting in ("lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")),
    *(("Adadelta", setting) for setting in ("lr", "eps", "weight_decay")),
    *((name, setting) for name in ("Adam", "AdamW") for setting in ("lr", "eps", "weight_decay")),
]


@pytest.mark.parametrize(("name", "setting"), NOT_NEGATIVE)
@pytest.mark.parametrize("value", [-0.1, NAN, "0.1", True])
def test_what_must_not_be_negative(name, setting, value):
    wanted = "a number of at least 0" if isinstance(value, float) else "a number"
    with pytest.raises(DataError if isinstance(value, float) else DTypeError) as caught:
        make(name, **{setting: value})
    assert str(caught.value) == f"{name}: {setting} must be {wanted}, got {value!r}"


@pytest.mark.parametrize(("name", "setting"), [("RMSprop", "alpha"), ("Adadelta", "rho")])
@pytest.mark.parametrize("value", [-0.1, 1.1, NAN, None])
def test_what_must_be_a_fraction(name, setting, value):
    wanted = "be a number" if value is None else "lie in [0, 1]"
    with pytest.raises(DTypeError if value is None else DataError) as caught:
        make(name, **{setting: value})
    assert str(caught.value) == f"{name}: {setting} must {wanted}, got {value!r}"


@pytest.mark.parametrize("name", ["Adam", "AdamW"])
@pytest.mark.parametrize("value", [0.9, (0.9,), (0.9, 1.0), (-0.1, 0.9), (0.9, NAN), (0.9, True), "ab"])
def test_betas_must_be_two_fractions_below_one(name, value):
    with pytest.raises(DataError) as caught:
        make(name, betas=value)
    assert str(caught.value) == f"{name}: betas must be two numbers in [0, 1), got {value!r}"


@pytest.mark.parametrize(
    ("name", "setting"), [("SGD", "nesterov"), ("RMSprop", "centered"), ("Adam", "amsgrad"), ("AdamW", "amsgrad")]
)
def test_a_flag_is_true_or_false(name, setting):
    with pytest.raises(DTypeError) as caught:
        make(name, **{setting: 1})
    assert str(caught.value) == f"{name}: {setting} must be True or False, got 1"
