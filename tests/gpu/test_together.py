"""A step of an optimiser changes all parameters at once: few launches, and what each of them would become alone."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DeviceError, GraphError

SHAPES = [(7,), (0, 3), (2, 3, 5), (1,), (), (300,)] * 3
RULES = {
    "SGD": lambda params: optim.SGD(params, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "plain SGD": lambda params: optim.SGD(params, lr=0.1),
    "Adam": lambda params: optim.Adam(params, amsgrad=True),
    "AdamW": lambda params: optim.AdamW(params),
    "RMSprop": lambda params: optim.RMSprop(params, momentum=0.5, centered=True),
    "Adagrad": lambda params: optim.Adagrad(params, lr_decay=0.1),
    "Adadelta": lambda params: optim.Adadelta(params, weight_decay=0.01),
}


def parameters(device="cuda", shapes=SHAPES, dtype=np.float32):
    rng = np.random.default_rng(0)
    return [nn.Parameter(mg.tensor(rng.standard_normal(shape).astype(dtype), device=device)) for shape in shapes]


def give_gradients(params, seed):
    rng = np.random.default_rng(seed)
    for param in params:
        param.grad = mg.tensor(rng.standard_normal(param.shape).astype(param.dtype), device=param.device)


def trained(params, optimizers, steps=3):
    for step in range(steps):
        give_gradients(params, step)
        for optimizer in optimizers:
            optimizer.step()
    return [param.detach().cpu().numpy() for param in params]


def launches(log, optimizer):
    log.clear()
    optimizer.step()
    return len([entry for entry in log if entry.startswith("launch cuda.optimise")])


@pytest.mark.parametrize("rule", RULES)
def test_parameters_become_what_they_would_become_one_by_one(rule):
    params, others, there = parameters(), parameters(), parameters("cpu")
    together = trained(params, [RULES[rule](params)])
    alone = trained(others, [RULES[rule]([other]) for other in others])
    on_cpu = trained(there, [RULES[rule](there)])
    for got, expected, close in zip(together, alone, on_cpu, strict=True):
        assert got.tobytes() == expected.tobytes()
        np.testing.assert_allclose(got, close, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("rule", "count", "expected"), [*((rule, 18, 3) for rule in RULES), ("SGD", 1, 1), ("SGD", 8, 1), ("SGD", 9, 2)]
)
def test_launches_do_not_count_parameters(log, rule, count, expected):
    params = parameters(shapes=[(3,)] * count)
    optimizer = RULES[rule](params)
    trained(params, [optimizer], 1)
    assert launches(log, optimizer) == expected
    assert "copy on device" not in log


def test_dtypes_and_settings_have_launches_of_their_own(log):
    params = {device: [*parameters(device), *parameters(device, dtype=np.float64)] for device in ("cuda", "cpu")}
    results = []
    for device, members in params.items():
        groups = [{"params": members[::2]}, {"params": members[1::2], "lr": 0.5, "momentum": 0.0}]
        optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)
        results.append(trained(members, [optimizer]))
        if device == "cuda":
            assert launches(log, optimizer) == 2 * 2 * 2  # dtypes, groups, and nine parameters of each
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_a_parameter_that_has_a_step_more_goes_alone(log):
    first, *rest = params = parameters(shapes=[(3,)] * 3)
    optimizer = optim.Adam(params)
    give_gradients([first], 0)
    optimizer.step()
    give_gradients(rest, 1)
    assert launches(log, optimizer) == 2


@pytest.mark.parametrize("where", ["cpu", "cuda"])
def test_parameters_that_share_memory_are_changed_in_their_order(log, where):
    whole = mg.tensor([1.0, 2.0, 3.0], device=where)
    same, part, other = whole.detach(), whole[1:], mg.ones(2, device=where)
    params = [given.requires_grad_() for given in (whole, other, same, part)]
    for param in params:
        param.grad = mg.ones_like(param.detach())
    assert launches(log, optim.SGD(params, lr=1.0, weight_decay=0.5)) == (4 if where == "cuda" else 0)
    assert whole.tolist() == [-1.25, -1.5, -1.375]
    assert other.tolist() == [-0.5, -0.5]


def test_a_gradient_that_is_another_parameter_s_memory_is_read_in_its_turn(log):
    first, second = (mg.tensor([value], device="cuda", requires_grad=True) for value in (1.0, 10.0))
    first.grad, second.grad = mg.ones(1, device="cuda"), first.detach()
    assert launches(log, optim.SGD([first, second], lr=0.5)) == 2
    assert (first.item(), second.item()) == (0.5, 9.75)


def test_memory_that_is_borrowed_is_changed_in_its_turn(log):
    whole = mg.ones(2, device="cuda")
    params = [given.requires_grad_() for given in (mg.from_dlpack(whole), mg.from_dlpack(whole))]
    for param in params:
        param.grad = mg.ones(2, device="cuda")
    assert launches(log, optim.SGD(params, lr=1.0, weight_decay=1.0)) == 2
    assert whole.tolist() == [-1, -1]


def test_one_gradient_may_serve_several_parameters(log):
    params = [mg.tensor([value] * 3, device="cuda", requires_grad=True) for value in (1.0, 2.0)]
    params[0].grad = params[1].grad = mg.ones(3, device="cuda")
    assert launches(log, optim.SGD(params, lr=1.0)) == 1
    assert [param.tolist() for param in params] == [[0] * 3, [1] * 3]


def test_parameters_that_are_not_contiguous_are_changed_through_copies():
    base = mg.zeros(3, 2, device="cuda")
    params = [base.T.requires_grad_(), *parameters(shapes=[(3,)] * 2)]
    for param in params:
        param.grad = mg.ones(*param.shape, device="cuda")
    optim.SGD(params, lr=1.0, momentum=0.9).step()
    assert base.tolist() == [[-1, -1]] * 3


def test_the_tape_sees_each_change_and_each_is_counted():
    params = parameters()
    optimizer = optim.SGD(params, momentum=0.9)
    trained(params, [optimizer], 1)
    counts = [param.version.count for param in params]
    with mg.Tape() as tape:
        optimizer.step()
    assert [entry.inputs[0] for entry in tape.entries if entry.name == "sgd"] == [param.spec for param in params]
    assert [param.version.count for param in params] == [count + 1 for count in counts]
    x = mg.ones(7, device="cuda", requires_grad=True)
    out = (x * params[0].detach()).sum()
    optimizer.step()
    with pytest.raises(GraphError, match="has since been changed in place"):
        out.backward()


def test_without_memory_for_the_state_of_one_nothing_is_changed_and_training_goes_on(device):
    if not hasattr(device, "limit"):
        pytest.skip("a GPU's memory is not the test's to limit")
    large = 2**20
    params, there = (parameters(where, shapes=[(4,), (large,)]) for where in ("cuda", "cpu"))
    optimizer, other = optim.Adam(params), optim.Adam(there)
    give_gradients(params, 0)
    give_gradients(there, 0)
    device.limit = device.used + large
    with pytest.raises(DeviceError, match="out of memory"):
        optimizer.step()
    device.limit = 2**30
    assert [optimizer.steps(param) for param in params] == [0, 0]
    optimizer.step()
    other.step()
    for param, expected in zip(params, there, strict=True):
        np.testing.assert_allclose(param.detach().cpu().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
