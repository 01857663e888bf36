"""Penalties and the bound on a unit's weights."""

from typing import ClassVar

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import MinigradError
from minigrad.optim import regularize
from minigrad.testing import gradcheck

F64 = {"dtype": mg.float64, "device": "reference"}


def net():
    return nn.Sequential(nn.Conv2d(2, 3, 2, **F64), nn.ReLU(), nn.Flatten(), nn.Linear(3, 2, **F64))


def arrays(model, biases):
    named = model.named_parameters()
    return [p.detach().numpy().copy() for name, p in named if biases or not name.endswith("bias")]


PENALTIES = [
    (regularize.L2, (0.3,), lambda w: 0.15 * (w**2).sum()),
    (regularize.L1, (0.3,), lambda w: 0.3 * abs(w).sum()),
    (regularize.ElasticNet, (0.3, 0.7), lambda w: 0.3 * abs(w).sum() + 0.7 * (w**2).sum()),
]
each_penalty = pytest.mark.parametrize(("penalty", "strengths", "formula"), PENALTIES)


@each_penalty
@pytest.mark.parametrize("biases", [False, True])
def test_a_penalty_is_its_formula_over_weights(penalty, strengths, formula, biases):
    model = net()
    value = penalty(*strengths, biases=biases)(model)
    assert value.shape == ()
    assert value.item() == pytest.approx(sum(map(formula, arrays(model, biases))), rel=1e-14)


@each_penalty
def test_biases_have_no_gradient_unless_asked_for(penalty, strengths, formula):
    model = net()
    penalty(*strengths)(model).backward()
    assert {name for name, p in model.named_parameters() if p.grad is not None} == {"0.weight", "3.weight"}
    penalty(*strengths, biases=True)(model).backward()
    assert all(p.grad is not None for p in model.parameters())


@each_penalty
def test_gradients_are_central_differences(penalty, strengths, formula):
    rng = np.random.default_rng(0)
    signs = rng.choice([-1.0, 1.0], (3, 2))
    weight = mg.tensor(signs * rng.uniform(0.3, 2, (3, 2)), requires_grad=True)
    assert gradcheck(penalty(*strengths).of, [weight], full=True)


def test_the_gradient_of_l1_at_zero_is_zero():
    weight = mg.tensor([-2.0, 0.0, 2.0], requires_grad=True)
    regularize.L1(0.5).of(weight).backward()
    assert weight.grad.tolist() == [-0.5, 0.0, 0.5]


def test_l2_is_weight_decay():
    penalised, decayed = net(), net()
    decayed.load_state_dict(penalised.state_dict())
    regularize.L2(0.3, biases=True)(penalised).backward()
    optim.SGD(penalised.parameters(), lr=0.1).step()
    for parameter in decayed.parameters():
        parameter.grad = mg.zeros_like(parameter)
    optim.SGD(decayed.parameters(), lr=0.1, weight_decay=0.3).step()
    for one, other in zip(penalised.parameters(), decayed.parameters(), strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-14)


def test_a_weight_that_two_layers_share_counts_once():
    layer = nn.Linear(2, 2, **F64)
    assert regularize.L2(1.0)(nn.Sequential(layer, layer)).item() == regularize.L2(1.0)(layer).item()


@pytest.mark.parametrize(("layer", "axes"), [(nn.Conv2d(2, 5, 3, **F64), (1, 2, 3)), (nn.Linear(7, 5, **F64), (1,))])
def test_max_norm_scales_long_units_and_no_others(layer, axes):
    before, bias = layer.weight.detach().numpy().copy(), layer.bias.tolist()
    norms = (before**2).sum(axes)
    limit = np.median(norms)
    regularize.MaxNorm(limit)(nn.Sequential(layer))
    after = layer.weight.detach().numpy()
    for unit, norm in enumerate(norms):
        if norm <= limit:
            assert (after[unit] == before[unit]).all()
        else:
            assert (after[unit] ** 2).sum() == pytest.approx(limit, rel=1e-14)
            np.testing.assert_allclose(after[unit], before[unit] * np.sqrt(limit / norm), rtol=1e-14)
    assert layer.bias.tolist() == bias


def test_max_norm_leaves_frozen_weights_and_zeros_alone():
    frozen, zero = nn.Linear(2, 1, **F64), nn.Linear(2, 1, **F64)
    frozen.weight.requires_grad_(False)
    before = frozen.weight.tolist()
    nn.init.zeros_(zero.weight)
    regularize.MaxNorm(1e-9)(nn.Sequential(frozen, zero))
    assert frozen.weight.tolist() == before
    assert zero.weight.tolist() == [[0.0, 0.0]]


def test_a_layer_of_one_s_own_says_what_its_units_sum_over():
    class Columns(nn.Module):
        fan_in_axes: ClassVar = {"table": (0,)}

        def __init__(self):
            self.table = nn.Parameter(mg.tensor([[3.0, 0.0], [4.0, 1.0]]))

    model = Columns()
    regularize.MaxNorm(1.0)(model)
    np.testing.assert_allclose(model.table.detach().numpy(), [[0.6, 0.0], [0.8, 1.0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: regularize.L2(-1), "DataError: L2: strength must be a number of at least 0, got -1"),
        (lambda: regularize.L1("1"), "DTypeError: L1: strength must be a number, got '1'"),
        (lambda: regularize.ElasticNet(1, -1), "DataError: ElasticNet: l2 must be a number of at least 0, got -1"),
        (lambda: regularize.L2(1, biases=1), "DTypeError: L2: biases must be True or False, got 1"),
        (lambda: regularize.MaxNorm(0), "DataError: MaxNorm: limit must be a number above 0, got 0"),
        (lambda: regularize.L1(1.0)(nn.ReLU()), "DataError: L1: the model has no weights"),
        (
            lambda: regularize.MaxNorm(1.0)(nn.ReLU()),
            "DataError: MaxNorm: no layer of the model says over which axes a unit sums; give it fan_in_axes",
        ),
    ],
)
def test_wrong_settings_and_models_are_refused(make, message):
    with pytest.raises(MinigradError) as caught:
        make()
    assert f"{caught.typename}: {caught.value}" == message
