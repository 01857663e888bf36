"""What all optimisers share, seen through SGD."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DataError, DTypeError, GraphError, ShapeError


def param(*values):
    return nn.Parameter(mg.tensor(values, dtype=mg.float64, device="reference"))


def with_grad(parameter):
    parameter.grad = mg.ones_like(parameter)
    return parameter


def test_a_group_has_settings_of_its_own():
    fast, slow = with_grad(param(1.0)), with_grad(param(1.0))
    optim.SGD([{"params": [fast], "lr": 0.5}, {"params": slow}], lr=0.25).step()
    assert (fast.item(), slow.item()) == (0.5, 0.75)


def test_a_group_may_be_added_later():
    first, second = with_grad(param(1.0)), with_grad(param(1.0))
    optimizer = optim.SGD([first], lr=0.25)
    optimizer.add_param_group({"params": [second], "lr": 0.5})
    optimizer.step()
    assert (first.item(), second.item()) == (0.75, 0.5)


def test_a_learning_rate_may_change_at_any_time():
    weight = with_grad(param(1.0))
    optimizer = optim.SGD([weight], lr=0.25)
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert weight.item() == 0.5


def test_a_wrong_setting_found_at_a_step_updates_nothing():
    weight = with_grad(param(1.0))
    optimizer = optim.SGD([weight], lr=0.25)
    optimizer.param_groups[0]["lr"] = -1.0
    with pytest.raises(DataError, match="lr must be a number of at least 0"):
        optimizer.step()
    assert weight.item() == 1.0


def test_parameters_may_come_from_a_generator():
    net = nn.Linear(2, 1, device="reference")
    assert len(optim.SGD(net.parameters()).param_groups[0]["params"]) == 2


def test_a_parameter_without_a_gradient_stays():
    moved, stays = with_grad(param(1.0)), param(1.0)
    optimizer = optim.SGD([moved, stays], lr=0.5, momentum=0.9)
    optimizer.step()
    assert stays.item() == 1.0
    assert stays not in optimizer.state


def test_a_step_is_not_recorded():
    weight = param(2.0)
    optimizer = optim.SGD([weight], lr=0.1, momentum=0.9)
    (weight * weight).sum().backward(create_graph=True)
    optimizer.step()
    assert weight.is_leaf
    assert not optimizer.state[weight]["momentum_buffer"].requires_grad


def test_zero_grad_forgets_every_gradient():
    first, second = with_grad(param(1.0)), with_grad(param(1.0))
    optim.SGD([{"params": [first]}, {"params": [second]}]).zero_grad()
    assert first.grad is None
    assert second.grad is None


@pytest.mark.parametrize(
    "wrong",
    [
        mg.ones(2, dtype=mg.float64, device="reference"),
        mg.ones(1, dtype=mg.float32, device="reference"),
        mg.tensor(np.ones(1)),
    ],
    ids=["shape", "dtype", "device"],
)
def test_a_gradient_that_does_not_match_updates_nothing(wrong):
    first, second = with_grad(param(1.0)), param(1.0)
    second.grad = wrong
    optimizer = optim.SGD([first, second], lr=0.5, momentum=0.9)
    with pytest.raises(ShapeError, match="SGD: a gradient must match its parameter; nothing was updated"):
        optimizer.step()
    assert (first.item(), second.item()) == (1.0, 1.0)
    assert optimizer.state == {}


def test_a_parameter_that_is_its_own_gradient_is_refused():
    weight = param(1.0)
    weight.grad = weight
    with pytest.raises(GraphError, match="a parameter is its own gradient"):
        optim.SGD([weight]).step()


SHARED = param(1.0)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ([], "there are no parameters to optimise"),
        (SHARED, r"must be an iterable of parameters, this is one tensor; write \[tensor\]"),
        ([SHARED, SHARED], r"a parameter float64\[1\] occurs twice"),
        ([{"params": [SHARED]}, {"params": [SHARED]}], "occurs twice"),
        ([SHARED.detach()], "must be leaf tensors that require a gradient"),
        ([SHARED * 2.0], "must be leaf tensors that require a gradient"),
        ([{"params": [SHARED], "rate": 1.0}], r"unknown settings \['rate'\]; known are"),
        ([{"lr": 0.1}], "a group must be a dict with 'params'"),
        ([{"params": [SHARED]}, SHARED], "a group must be a dict with 'params'"),
    ],
)
def test_wrong_parameters_are_refused(params, message):
    with pytest.raises(DataError, match=message):
        optim.SGD(params)


def test_parameters_are_tensors():
    with pytest.raises(DTypeError, match="parameters must be tensors, got array"):
        optim.SGD([np.ones(2)])


def test_a_group_that_is_refused_is_not_added():
    optimizer = optim.SGD([param(1.0)])
    with pytest.raises(DataError, match="momentum"):
        optimizer.add_param_group({"params": [param(2.0)], "momentum": -1.0})
    assert len(optimizer.param_groups) == 1


def trained(steps, weight, optimizer):
    for _ in range(steps):
        optimizer.zero_grad()
        (weight * weight * weight).sum().backward()
        optimizer.step()
    return weight.tolist()


def make(values):
    weight = param(*values)
    return weight, optim.SGD([weight], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)


def test_a_saved_state_resumes_bit_for_bit():
    weight, optimizer = make([0.3, -0.7])
    middle = trained(5, weight, optimizer)
    resumed, other = make(middle)
    other.load_state_dict(optimizer.state_dict())
    assert trained(5, resumed, other) == trained(5, weight, optimizer)


def test_a_loaded_state_is_a_copy():
    weight, optimizer = make([0.3])
    trained(2, weight, optimizer)
    resumed, other = make([0.3])
    other.load_state_dict(optimizer.state_dict())
    before = other.state[resumed]["momentum_buffer"].tolist()
    trained(2, weight, optimizer)
    assert other.state[resumed]["momentum_buffer"].tolist() == before


def test_loading_takes_over_the_settings():
    _, optimizer = make([0.3])
    optimizer.param_groups[0]["lr"] = 0.5
    weight, other = make([0.3])
    other.load_state_dict(optimizer.state_dict())
    assert other.param_groups[0]["lr"] == 0.5
    assert other.param_groups[0]["params"] == [weight]


def test_the_state_numbers_parameters_across_groups():
    first, second = with_grad(param(1.0)), with_grad(param(2.0))
    optimizer = optim.SGD([{"params": [first]}, {"params": [second], "momentum": 0.5}], lr=0.1)
    optimizer.step()
    state = optimizer.state_dict()
    assert [group["params"] for group in state["param_groups"]] == [[0], [1]]
    assert list(state["state"]) == [1]


def test_a_state_of_another_dtype_is_converted():
    weight, optimizer = make([0.5])
    trained(1, weight, optimizer)
    state = optimizer.state_dict()
    state["state"][0]["momentum_buffer"] = state["state"][0]["momentum_buffer"].to(mg.float32)
    optimizer.load_state_dict(state)
    assert optimizer.state[weight]["momentum_buffer"].dtype == mg.float64


def one_more_group(state):
    state["param_groups"].append(state["param_groups"][0])


def one_more_parameter(state):
    state["param_groups"][0]["params"] = [0, 1]


def setting_lost(state):
    del state["param_groups"][0]["lr"]


def setting_wrong(state):
    state["param_groups"][0]["lr"] = -1.0


def state_of_a_stranger(state):
    state["state"][7] = state["state"][0]


def state_of_another_shape(state):
    state["state"][0] = {"momentum_buffer": mg.ones(3, dtype=mg.float64, device="reference")}


def state_that_is_no_tensor(state):
    state["state"][0] = {"momentum_buffer": [1.0]}


def part_lost(state):
    del state["state"]


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (one_more_group, DataError, r"groups of \[1\] parameters are required, the state has \[1, 1\]"),
        (one_more_parameter, DataError, r"groups of \[1\] parameters are required, the state has \[2\]"),
        (setting_lost, DataError, r"a group lacks the settings \['lr'\]"),
        (setting_wrong, DataError, "lr must be a number of at least 0, got -1.0"),
        (state_of_a_stranger, DataError, r"there is state for parameters \[7\], there are 1"),
        (state_of_another_shape, ShapeError, "momentum_buffer must have its parameter's shape; nothing was loaded"),
        (state_that_is_no_tensor, DTypeError, "momentum_buffer must be a Tensor, this is list"),
        (part_lost, DataError, "'state' and 'param_groups' are required, got .*param_groups"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(spoil, error, message):
    weight, optimizer = make([0.5])
    trained(2, weight, optimizer)
    before = optimizer.param_groups, optimizer.state
    state = optimizer.state_dict()
    spoil(state)
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(state)
    assert (optimizer.param_groups, optimizer.state) == before
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_an_optimiser_of_one_s_own_takes_two_methods():
    class SignDescent(optim.Optimizer):
        def check(self, group):
            if group["lr"] <= 0:
                raise DataError("SignDescent: lr must be above 0")

        def update(self, parameter, grad, group):
            mg.ops.update.copy_(parameter, parameter - (grad > 0.0) * group["lr"] + (grad < 0.0) * group["lr"])

    weight = param(1.0, 1.0)
    weight.grad = mg.tensor([3.0, -5.0], dtype=mg.float64, device="reference")
    SignDescent([weight], {"lr": 0.5}).step()
    assert weight.tolist() == [0.5, 1.5]
    with pytest.raises(DataError, match="above 0"):
        SignDescent([weight], {"lr": 0.0})


def test_without_memory_for_the_state_of_one_nothing_is_updated(monkeypatch):
    first, second = with_grad(param(1.0)), with_grad(param(1.0))
    optimizer = optim.SGD([first, second], lr=0.25, momentum=0.5, dampening=0.5)
    buffer = optimizer.buffer

    def scarce(parameter, *arguments):
        if parameter is second:
            raise MemoryError
        return buffer(parameter, *arguments)

    monkeypatch.setattr(optimizer, "buffer", scarce)
    with pytest.raises(MemoryError):
        optimizer.step()
    monkeypatch.undo()
    assert (first.item(), second.item()) == (1.0, 1.0)
    assert not optimizer.state
    optimizer.step()
    assert (first.item(), second.item()) == (0.75, 0.75)
