"""Weights to begin with: all but a head for other classes, or one error."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import DataError
from minigrad.interop import load_pretrained
from minigrad.models import GoogLeNet


def new(classes=4):
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, classes))


def arrays(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


@pytest.fixture
def weights():
    mg.manual_seed(7)
    return arrays(new())


def test_all_is_loaded_where_all_fits(weights):
    net = new()
    assert load_pretrained(net, weights) == ()
    assert all(np.array_equal(array, weights[name]) for name, array in arrays(net).items())


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("head", ["other", "none", "ignored"])
def test_a_head_for_other_classes_stays_new(weights, head, prefix):
    net = new(4 if head == "ignored" else 9)
    before = arrays(net)
    given = {prefix + name: array for name, array in weights.items() if head != "none" or name[0] != "3"}
    ignore = ["*3.*"] if head == "ignored" else []
    assert load_pretrained(net, given, ignore=ignore) == ("3",)
    for name, array in arrays(net).items():
        assert np.array_equal(array, (before if name[0] == "3" else weights)[name])


def test_every_head_of_a_network_that_ends_in_several_places():
    small, large = (GoogLeNet(aux=True, in_shape=(3, 31, 31), classes=n, width=1 / 16) for n in (3, 5))
    assert load_pretrained(large, small.state_dict()) == ("aux1.fc2", "aux2.fc2", "fc")
    assert np.array_equal(large.aux1.fc1.weight.detach().numpy(), small.aux1.fc1.weight.detach().numpy())


def test_what_preprocessing_has_learnt_is_no_weight(weights):
    assert load_pretrained(new(), weights | {"preprocessing/mean": np.zeros((1, 1, 1))}) == ()


def test_all_that_does_not_match_is_one_error_and_nothing_changes(weights):
    del weights["0.bias"], weights["1.running_var"]
    weights |= {"0.weight": np.zeros((3, 2, 3, 3)), "extra": np.zeros(2), "3.weight": np.zeros((9, 13))}
    net = new()
    before = arrays(net)
    with pytest.raises(DataError) as caught:
        load_pretrained(net, weights)
    assert str(caught.value).splitlines() == [
        "load_pretrained: these are not the weights of this Sequential",
        "missing: 0.bias; 1.running_var",
        "left over: extra",
        "of another shape: 0.weight is (3, 1, 3, 3) in the model, (3, 2, 3, 3) in the file; "
        "3.weight is (4, 12) in the model, (9, 13) in the file",
    ]
    assert all(np.array_equal(array, before[name]) for name, array in arrays(net).items())


@pytest.mark.parametrize(
    "head",
    [
        {"3.weight": np.zeros((9, 12))},  # no bias
        {"3.weight": np.zeros((9, 12)), "3.bias": np.zeros(8)},
        {"3.weight": np.zeros((9, 13)), "3.bias": np.zeros(9)},
        {"3.weight": np.zeros((4, 12)), "3.bias": np.zeros(9)},
        {"3.weight": np.zeros(()), "3.bias": np.zeros(())},
    ],
    ids=range(5),
)
def test_half_a_head_is_none(weights, head):
    rest = {name: array for name, array in weights.items() if name[0] != "3"}
    with pytest.raises(DataError, match=r"these are not the weights of this Sequential\n(missing|of another shape): 3"):
        load_pretrained(new(), rest | head)


def test_patterns_to_ignore_must_fit_something(weights):
    with pytest.raises(
        DataError, match=re.escape("load_pretrained: 'fc.*' fits none of the names 0.weight, 0.bias, 1.weight")
    ):
        load_pretrained(new(), weights, ignore=["fc.*"])


def test_no_weights_at_all_are_no_network():
    with pytest.raises(DataError, match=r"missing: 0\.weight; 0\.bias; .*; 3\.bias$"):
        load_pretrained(new(), {})
