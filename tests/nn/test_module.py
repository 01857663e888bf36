import copy

import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DTypeError


def param(*values):
    return nn.Parameter(mg.tensor(values, dtype=mg.float64, device="reference"))


def linear(inputs=2, outputs=2, **options):
    return nn.Linear(inputs, outputs, device="reference", **options)


class Net(nn.Module):
    """Parameters, buffers and modules in every place where they are found."""

    def __init__(self):
        self.scale = param(1.0)
        self.count = nn.Buffer(mg.tensor([3], device="reference"))
        self.plain = mg.tensor([1.0])
        self.layers = [linear(), nn.ReLU(), linear(bias=False)]
        self.heads = {"left": linear(), "right": (linear(), param(2.0))}
        self.body = nn.Sequential(linear(), nn.Dropout())


NAMES = [
    "scale",
    "heads.right.1",
    "layers.0.weight",
    "layers.0.bias",
    "layers.2.weight",
    "heads.left.weight",
    "heads.left.bias",
    "heads.right.0.weight",
    "heads.right.0.bias",
    "body.0.weight",
    "body.0.bias",
]


def test_parameters_are_found_in_attributes_lists_tuples_dicts_and_modules():
    assert [name for name, _ in Net().named_parameters()] == NAMES


def test_buffers_are_found_and_plain_tensors_are_not():
    assert [name for name, _ in Net().named_buffers()] == ["count"]


def test_the_state_holds_parameters_and_buffers():
    assert sorted(Net().state_dict()) == sorted([*NAMES, "count"])


def test_a_prefix_and_a_module_s_own():
    net = nn.Sequential(linear())
    assert [name for name, _ in net.named_parameters(prefix="net")] == ["net.0.weight", "net.0.bias"]
    assert list(net.named_parameters(recurse=False)) == list(net.parameters(recurse=False)) == []
    assert [name for name, _ in Net().named_parameters("net", recurse=False)] == ["net.scale", "net.heads.right.1"]
    assert [name for name, _ in Net().named_buffers("net")] == ["net.count"]
    assert [buffer.tolist() for buffer in Net().buffers(recurse=False)] == [[3]]


def test_modules_come_with_their_paths():
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert [name for name, _ in net.named_modules()] == ["", "0", "0.0", "1"]
    assert [type(module).__name__ for module in net.modules()] == ["Sequential", "Sequential", "ReLU", "Tanh"]
    assert [name for name, _ in net.named_children()] == ["0", "1"]


def test_an_attribute_set_later_is_found_and_one_deleted_is_not():
    net = linear()
    net.extra = param(1.0)
    del net.bias
    assert [name for name, _ in net.named_parameters()] == ["weight", "extra"]


def test_a_shared_parameter_counts_once_and_is_saved_under_both_names():
    net = nn.Sequential(linear(bias=False), linear(bias=False))
    net[1].weight = net[0].weight
    assert [name for name, _ in net.named_parameters()] == ["0.weight"]
    assert list(net.state_dict()) == ["0.weight", "1.weight"]


def test_a_shared_module_counts_once():
    shared = linear()
    net = nn.Sequential(shared, nn.ReLU(), shared)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert len(list(net.modules())) == 3


def test_the_gradient_of_a_shared_parameter_is_the_sum():
    net = nn.Sequential(linear(1, 1, bias=False), linear(1, 1, bias=False))
    net[1].weight = net[0].weight
    net(mg.tensor([[2.0]], device="reference")).sum().backward()
    weight = net[0].weight
    assert weight.grad.item() == pytest.approx(2 * 2.0 * weight.item())


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.heads["right"][0].train()
    assert sum(module.training for module in net.modules()) == 1
    net.train()
    assert all(module.training for module in net.modules())


def test_a_module_is_in_training_mode_at_first():
    assert linear().training


def test_freezing_reaches_every_parameter():
    net = Net()
    assert net.requires_grad_(False) is net
    assert not any(parameter.requires_grad for parameter in net.parameters())


def test_zero_grad_forgets():
    net = linear()
    net(mg.ones(1, 2, device="reference")).sum().backward()
    assert net.weight.grad is not None
    net.zero_grad()
    assert net.weight.grad is None
    assert net.bias.grad is None


def test_forward_takes_what_the_call_gives():
    class Sum(nn.Module):
        def forward(self, first, *, second):
            return first + second

    assert Sum()(1, second=2) == 3


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Net defines no forward"):
        Net()(1)


def test_sequential_is_a_list():
    first, second, third = nn.ReLU(), nn.Tanh(), nn.Sigmoid()
    net = nn.Sequential(first, second, third)
    assert len(net) == 3
    assert list(net) == [first, second, third]
    assert net[-1] is third
    assert list(net[:2]) == [first, second]


def test_sequential_takes_modules_alone():
    with pytest.raises(mg.DataError, match="Sequential: layer 1 must be a Module, this is function"):
        nn.Sequential(nn.ReLU(), mg.relu)


def test_apply_calls_the_children_first():
    net, seen = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh()), []
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["ReLU", "Sequential", "Tanh", "Sequential"]


def test_a_layer_of_a_sequence_is_replaced():
    net = nn.Sequential(linear(), nn.ReLU(), linear())
    net[-1] = head = linear(2, 5)
    assert net[2] is head
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    with pytest.raises(mg.DataError, match="Sequential: layer 1 must be a Module, this is int"):
        net[1] = 3
    with pytest.raises(IndexError, match="there are 3 layers, none at 3"):
        net[3] = nn.ReLU()


def test_append_and_extend_give_the_container():
    net = nn.Sequential().append(nn.ReLU()).extend([nn.Tanh()])
    assert [type(layer).__name__ for layer in net] == ["ReLU", "Tanh"]


def test_a_copy_has_weights_of_its_own():
    net = linear()
    other = copy.deepcopy(net)
    other.weight.detach().numpy()[:] = 7.0
    assert 7.0 not in net.weight.detach().numpy()
    assert isinstance(other.weight, nn.Parameter)


def test_casts_and_moves_by_their_names():
    net = Net()
    assert net.cpu() is net
    assert net.float().scale.dtype == mg.float32
    assert net.double().scale.dtype == mg.float64
    assert (net.scale.device, net.count.device, net.count.dtype) == ("cpu", "cpu", mg.int64)


def test_to_changes_dtype_and_device_of_the_same_parameter_objects():
    net = Net()
    before = list(net.parameters())
    assert net.to("cpu", mg.float32) is net
    assert [id(parameter) for parameter in net.parameters()] == [id(parameter) for parameter in before]
    assert {(parameter.device, parameter.dtype) for parameter in before} == {("cpu", mg.float32)}


def test_to_leaves_integers_their_dtype():
    net = Net().to(mg.float64, device="cpu")
    assert (net.count.dtype, net.count.device) == (mg.int64, "cpu")


def test_to_takes_the_gradients_along():
    net = linear()
    net(mg.ones(1, 2, device="reference")).sum().backward()
    net.to(mg.float64)
    assert net.weight.grad.dtype == mg.float64
    assert net.weight.grad.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_to_where_it_is_already_keeps_the_memory():
    net = linear()
    state = net.state_dict()
    net.to("reference", mg.float32)
    assert net.weight.array is state["weight"].array


def test_an_integer_dtype_is_refused_and_changes_nothing():
    net = Net()
    before = [parameter.spec for parameter in net.parameters()]
    with pytest.raises(DTypeError, match="to: a module's dtype must be float, got int64"):
        net.to(mg.int64)
    assert [parameter.spec for parameter in net.parameters()] == before


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_an_optimiser_keeps_updating_a_module_that_moved(momentum):
    stays, moves = linear(1, 1), linear(1, 1)
    moves.load_state_dict(stays.state_dict())
    for net in (stays, moves):
        optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=momentum)
        for _ in range(3):
            optimizer.zero_grad()
            (net(mg.ones(1, 1, dtype=net.weight.dtype, device="reference")) ** 2).sum().backward()
            optimizer.step()
            if net is moves:
                net.to(mg.float64)
    assert moves.weight.dtype == mg.float64
    assert moves.weight.item() == pytest.approx(stays.weight.item(), rel=1e-5)
