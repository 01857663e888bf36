import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import DataError, DTypeError, ShapeError


class Net(nn.Module):
    def __init__(self):
        self.first = nn.Linear(3, 2, device="reference")
        self.second = nn.Linear(2, 1, device="reference")
        self.count = nn.Buffer(mg.tensor([0], device="reference"))


def values(net):
    return {name: tensor.tolist() for name, tensor in net.state_dict().items()}


def test_the_state_shares_the_module_s_memory():
    net = Net()
    state = net.state_dict()
    state["first.bias"].numpy()[:] = 7.0
    assert net.first.bias.tolist() == [7.0, 7.0]


def test_the_state_is_off_the_tape():
    assert not any(tensor.requires_grad for tensor in Net().state_dict().values())


def test_loading_tensors():
    source, target = Net(), Net()
    result = target.load_state_dict(source.state_dict())
    assert values(target) == values(source)
    assert result == ([], [])


def test_loading_copies():
    source, target = Net(), Net()
    target.load_state_dict(source.state_dict())
    source.first.bias.detach().numpy()[:] = 7.0
    assert target.first.bias.tolist() != [7.0, 7.0]


def test_loading_keeps_the_parameter_objects():
    net = Net()
    weight = net.first.weight
    net.load_state_dict(Net().state_dict())
    assert net.first.weight is weight
    assert weight.requires_grad


def test_loading_counts_as_a_change_in_place():
    net = Net()
    out = net.second(net.first(mg.ones(1, 3, device="reference"))).sum()
    net.load_state_dict(net.state_dict())
    with pytest.raises(mg.GraphError, match="linear saved has since been changed in place"):
        out.backward()


def test_loading_arrays():
    net = Net()
    net.load_state_dict({name: np.ones(tensor.shape, tensor.dtype) for name, tensor in net.state_dict().items()})
    assert values(net) == {
        "first.weight": [[1.0] * 3] * 2,
        "first.bias": [1.0] * 2,
        "second.weight": [[1.0] * 2],
        "second.bias": [1.0],
        "count": [1],
    }


def test_another_float_dtype_is_converted():
    net = Net()
    net.load_state_dict(net.state_dict() | {"first.bias": np.array([0.25, 0.5])})
    assert net.first.bias.dtype == mg.float32
    assert net.first.bias.tolist() == [0.25, 0.5]


def test_tensors_of_another_device_are_taken():
    net = Net()
    net.load_state_dict({name: tensor.to("cpu") for name, tensor in Net().state_dict().items()})
    assert net.first.weight.device == "reference"


def wrong_state(net):
    state = net.state_dict()
    del state["first.bias"]
    return state | {
        "first.weight": np.zeros((2, 4), np.float32),
        "second.weight": np.zeros((1, 2), np.int64),
        "third.weight": np.zeros(1, np.float32),
        "second.bias": np.ones(1, np.float32),
    }


def test_every_problem_is_named_at_once():
    net = Net()
    with pytest.raises(ShapeError) as caught:
        net.load_state_dict(wrong_state(net))
    assert str(caught.value).splitlines() == [
        "load_state_dict: Net was left as it is",
        "  does not fit: first.weight is float32[2, 3] here, float32[2, 4] in the state",
        "  does not fit: second.weight is float32[1, 2] here, int64[1, 2] in the state",
        "  missing: first.bias",
        "  unexpected: third.weight",
    ]


@pytest.mark.parametrize("strict", [True, False])
def test_a_failed_load_changes_nothing(strict):
    net = Net()
    before = values(net)
    with pytest.raises(ShapeError, match="does not fit"):
        net.load_state_dict(wrong_state(net), strict=strict)
    assert values(net) == before


def test_without_strict_names_that_do_not_match_are_passed_over_and_returned():
    net = Net()
    state = net.state_dict()
    del state["first.bias"]
    state |= {"third.weight": np.zeros(1, np.float32), "second.bias": np.full(1, 5.0, np.float32)}
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["first.bias"]
    assert result.unexpected_keys == ["third.weight"]
    assert net.second.bias.tolist() == [5.0]


def test_what_is_no_array_is_refused():
    net = Net()
    before = values(net)
    with pytest.raises(DataError, match=r"load_state_dict: second\.bias must be a tensor or an array, this is list"):
        net.load_state_dict(net.state_dict() | {"second.bias": [1.0]})
    assert values(net) == before


def test_an_array_of_a_foreign_dtype_is_refused():
    net = Net()
    before = values(net)
    with pytest.raises(DTypeError, match="float16 is not supported"):
        net.load_state_dict(net.state_dict() | {"second.bias": np.ones(1, np.float16)})
    assert values(net) == before
