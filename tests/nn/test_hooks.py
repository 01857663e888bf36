"""Forward hooks of modules, and the containers."""

import pytest

import minigrad as mg
from minigrad import nn


class Double(nn.Module):
    def forward(self, x):
        return x * 2


def test_hooks_see_inputs_and_output_in_the_order_of_their_registration():
    layer, seen = Double(), []
    layer.register_forward_pre_hook(lambda module, inputs: seen.append((module, inputs[0].item())))
    layer.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].item(), output.item())))
    layer.register_forward_hook(lambda module, inputs, output: seen.append("last"))
    layer(mg.tensor(3.0))
    assert seen == [(layer, 3.0), (3.0, 6.0), "last"]


def test_what_a_hook_returns_replaces_inputs_and_output():
    layer = Double()
    layer.register_forward_pre_hook(lambda module, inputs: inputs[0] + 1)
    layer.register_forward_hook(lambda module, inputs, output: output - inputs[0])
    assert layer(mg.tensor(3.0)).item() == 4.0


def test_a_removed_hook_is_silent_and_others_stay():
    layer, seen = Double(), []
    first = layer.register_forward_hook(lambda module, inputs, output: seen.append("first"))
    with layer.register_forward_hook(lambda module, inputs, output: seen.append("second")):
        layer(mg.tensor(1.0))
    first.remove()
    first.remove()
    layer(mg.tensor(1.0))
    assert seen == ["first", "second"]


def test_hooks_belong_to_one_module():
    hooked, other, seen = Double(), Double(), []
    hooked.register_forward_hook(lambda module, inputs, output: seen.append(1))
    other(mg.tensor(1.0))
    assert seen == []
    hooked(mg.tensor(1.0))
    assert seen == [1]


def test_hooks_are_no_part_of_the_state():
    layer = nn.Linear(2, 2)
    names, text = list(layer.state_dict()), repr(layer)
    layer.register_forward_hook(lambda module, inputs, output: None)
    assert (list(layer.state_dict()), repr(layer)) == (names, text)


def test_a_module_list_is_walked_and_named_by_position():
    class Net(nn.Module):
        def __init__(self):
            self.layers = nn.ModuleList([nn.Linear(2, 3)])
            self.layers.append(nn.Linear(3, 1))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    net = Net()
    assert [name for name, _ in net.named_parameters()] == [
        "layers.0.weight",
        "layers.0.bias",
        "layers.1.weight",
        "layers.1.bias",
    ]
    assert net(mg.ones(4, 2)).shape == (4, 1)
    assert len(net.layers) == 2
    assert net.layers[-1] is list(net.layers)[1]
    assert isinstance(net.layers[:1], nn.ModuleList)


def test_a_module_list_takes_modules_alone():
    layers = nn.ModuleList([nn.ReLU()])
    with pytest.raises(mg.DataError, match="ModuleList: layer 1 must be a Module, this is int"):
        layers.extend([3])
    assert len(layers) == 1
