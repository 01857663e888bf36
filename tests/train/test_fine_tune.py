"""A new head, frozen parameters, groups of parameters by patterns."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.backends import host
from minigrad.backends.host import allocated
from minigrad.data import ArrayDataset
from minigrad.errors import DataError, OutOfMemoryError, ShapeError
from minigrad.models import MODELS, build_model
from minigrad.train import eval_frozen, evaluate, fit, freeze, head_names, param_groups, replace_head


@pytest.fixture
def net():
    mg.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU()),
        *(nn.Conv2d(3, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 4)),
    )


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return ArrayDataset(rng.normal(1, 2, (12, 1, 4, 4)).astype(np.float32), np.arange(12) % 4)


def arrays(model):
    return {name: value.numpy().copy() for name, value in model.state_dict().items()}


def changed(model, before):
    return {name for name, array in arrays(model).items() if not np.array_equal(array, before[name])}


NETWORKS = [name for name, entry in MODELS.items() if entry.in_shape[1] < 64] + ["resnet18", "googlenet", "vgg11"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_head_is_what_depends_on_the_number_of_classes(name):
    narrow = {"width": 1 / 16} if MODELS[name].in_shape[1] > 64 else {}
    three, four = (build_model(name, in_shape=MODELS[name].in_shape, classes=n, **narrow) for n in (3, 4))
    shapes = [{key: value.shape for key, value in model.state_dict().items()} for model in (three, four)]
    entries = {key for key in shapes[0] if shapes[0][key] != shapes[1][key]}
    assert {key.rpartition(".")[0] for key in entries} == set(head_names(three))
    assert replace_head(three, 4) == head_names(four)
    assert {key: value.shape for key, value in three.state_dict().items()} == shapes[1]


def test_a_new_head_starts_like_others_and_gives_as_many_logits(net):
    before = arrays(net)
    assert replace_head(net, 500) == ("7",)
    assert net.eval()(mg.zeros(2, 1, 4, 4)).shape == (2, 500)
    assert net[7].weight.detach().numpy().std() == pytest.approx(32**-0.5, rel=0.03)
    assert not net[7].bias.detach().numpy().any()
    assert "out_features=500" in repr(net)
    del before["7.weight"], before["7.bias"]
    assert not {name for name in before if not np.array_equal(before[name], arrays(net)[name])}


def test_a_head_may_be_a_convolution_without_bias_of_another_dtype():
    net = nn.Sequential(nn.Conv2d(1, 5, 3), nn.Conv2d(5, 4, 1, bias=False), nn.AdaptiveAvgPool2d(1)).double()
    replace_head(net, 2)
    assert (net[1].weight.shape, net[1].weight.dtype, net[1].bias) == ((2, 5, 1, 1), mg.float64, None)
    assert net(mg.zeros(3, 1, 6, 6, dtype=mg.float64)).shape == (3, 2, 1, 1)


def test_a_network_may_name_its_heads(net):
    net.heads = ("3",)
    assert head_names(net) == ("3",)
    with pytest.raises(DataError, match="head_names: ReLU has no fully connected layer and no convolution"):
        head_names(nn.ReLU())
    with pytest.raises(ShapeError, match="replace_head: classes must be at least 1"):
        replace_head(net, 0)


def test_without_memory_for_the_second_head_the_first_is_the_old_one(net, monkeypatch):
    net.heads = ("3", "7")
    before, room = arrays(net), iter(range(3))

    def scarce(spec):
        if next(room, None) is None:
            raise MemoryError
        return allocated(spec)

    monkeypatch.setattr(host, "allocated", scarce)
    with pytest.raises(OutOfMemoryError, match="has no memory for float32"):
        replace_head(net, 3)
    assert not changed(net, before)


def test_frozen_parameters_and_their_statistics_stay_while_the_rest_learns(net, data):
    assert freeze(net, "[01].*") == ("0.weight", "0.bias", "1.weight", "1.bias")
    before = arrays(net)
    optimizer = optim.SGD(param_groups(net, {}), lr=0.1, momentum=0.9, weight_decay=0.1)
    fit(
        net,
        data,
        data,
        epochs=2,
        optimizer=optimizer,
        batch_size=4,
        progress=False,
        on_step=lambda run: evaluate(run.model, data),  # which must put back the mode of each layer
    )
    assert changed(net, before) == {name for name in before if name[0] in "347"}
    assert (net[1].training, net[4].training) == (False, True)


def test_a_batch_normalisation_that_is_half_frozen_follows_the_data(net):
    freeze(net, "1.weight")
    net.train()
    eval_frozen(net)
    assert net[1].training
    net.requires_grad_()
    freeze(net, "1.*")
    eval_frozen(net)
    assert [layer.training for layer in net] == [True, False, *[True] * 6]


def test_the_backbone_is_all_but_the_head(net, data):
    freeze(net, "backbone")
    assert [name for name, parameter in net.named_parameters() if parameter.requires_grad] == ["7.weight", "7.bias"]
    before = arrays(net)
    optimizer = optim.SGD(param_groups(net, {}), lr=0.1)
    fit(net, data, data, epochs=1, optimizer=optimizer, batch_size=4, progress=False)
    assert changed(net, before) == {"7.weight", "7.bias"}


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (["x.*"], "freeze: 'x.*' fits no name of a parameter; they are 0.weight, 0.bias, 1.weight, 1.bias, 3."),
        (["0.*", "running_mean"], "freeze: 'running_mean' fits no name"),
        (["*"], "freeze: '*' leaves none of 10 parameters to train; 'backbone' spares the head"),
        (["backbone", "7.*"], "freeze: 'backbone', '7.*' leaves none of 10"),
    ],
    ids=range(4),
)
def test_what_cannot_be_frozen_changes_nothing(net, patterns, message):
    with pytest.raises(DataError, match=re.escape(message)):
        freeze(net, *patterns)
    assert all(parameter.requires_grad for parameter in net.parameters())


def test_groups_by_patterns_and_the_rest_first(net):
    freeze(net, "0.*")
    groups = param_groups(net, {"7.*": {"lr": 1.0}, "*.bias": {"weight_decay": 0.0}})
    assert [len(group["params"]) for group in groups] == [3, 2, 3]
    assert groups[1]["params"][0] is net[7].weight
    assert [parameter is net[n].bias for parameter, n in zip(groups[2]["params"], (1, 3, 4), strict=True)] == [True] * 3
    optimizer = optim.SGD(groups, lr=0.1, weight_decay=0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 1.0, 0.1]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.5, 0.5, 0.0]
    freeze(net, "backbone")
    assert [len(group["params"]) for group in param_groups(net, {"7.*": {"lr": 1.0}})] == [2]


@pytest.mark.parametrize("settings", [{"0.*": {}}, {"7.*": {}, "*": {}, "7.bias": {}}])
def test_a_group_of_nothing_is_an_error(net, settings):
    freeze(net, "0.*")
    with pytest.raises(DataError, match=r"param_groups: '(0\.\*|7\.bias)' fits no name of a parameter; they are "):
        param_groups(net, settings)
