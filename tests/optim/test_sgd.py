"""SGD against PyTorch's rule, written down a second time with NumPy."""

import itertools

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DataError, DTypeError

DEVICES = ("reference", "cpu")
SETTINGS = [
    {"momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
    for momentum, dampening, weight_decay, nesterov in itertools.product(
        (0.0, 0.9), (0.0, 0.5), (0.0, 0.03), (False, True)
    )
    if not nesterov or (momentum and not dampening)
]


def named(settings):
    return "-".join(f"{name}={value}" for name, value in settings.items() if value) or "plain"


def path(start, grads, lr, momentum, dampening, weight_decay, nesterov):
    """The parameter after each step."""
    w, velocity = start, None
    for grad in grads:
        g = grad + weight_decay * w
        if momentum:
            velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
            g = g + momentum * velocity if nesterov else velocity
        w = w - lr * g
        yield w


def fixed(values, device="reference"):
    return mg.tensor(values, device=device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("settings", SETTINGS, ids=named)
def test_fifty_steps_follow_the_rule(settings, device):
    rng = np.random.default_rng(0)
    start, grads = rng.standard_normal((3, 2)), rng.standard_normal((50, 3, 2))
    weight = nn.Parameter(fixed(start, device))
    optimizer = optim.SGD([weight], lr=0.1, **settings)
    for grad, expected in zip(grads, path(start, grads, 0.1, **settings), strict=True):
        weight.grad = fixed(grad, device)
        optimizer.step()
        np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("device", DEVICES)
def test_float32_follows_the_rule_to_its_precision(device):
    settings = {"momentum": 0.9, "dampening": 0.0, "weight_decay": 0.03, "nesterov": True}
    rng = np.random.default_rng(0)
    start = rng.standard_normal((3, 2)).astype(np.float32)
    grads = rng.standard_normal((50, 3, 2)).astype(np.float32)
    weight = nn.Parameter(fixed(start, device))
    optimizer = optim.SGD([weight], lr=0.1, **settings)
    for grad in grads:
        weight.grad = fixed(grad, device)
        optimizer.step()
    *_, expected = path(start.astype(np.float64), grads.astype(np.float64), 0.1, **settings)
    assert weight.dtype == mg.float32
    one_rounding = np.finfo(np.float32).eps * np.abs(expected).max()
    np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=0, atol=2 * 50 * one_rounding)


@pytest.mark.parametrize("device", DEVICES)
def test_a_strided_gradient_is_taken_as_it_lies(device):
    weight = nn.Parameter(fixed(np.zeros((2, 3)), device))
    weight.grad = fixed(np.arange(6.0).reshape(3, 2), device).T
    optim.SGD([weight], lr=1.0).step()
    assert weight.tolist() == [[0.0, -2.0, -4.0], [-1.0, -3.0, -5.0]]


def test_a_step_leaves_the_gradient_alone():
    weight = nn.Parameter(fixed([1.0, 2.0]))
    weight.grad = fixed([3.0, 4.0])
    optim.SGD([weight], lr=0.1, momentum=0.9, weight_decay=0.1).step()
    assert weight.grad.tolist() == [3.0, 4.0]


def test_the_velocity_is_memory_of_its_own():
    weight = nn.Parameter(fixed([1.0]))
    weight.grad = fixed([3.0])
    optimizer = optim.SGD([weight], lr=0.0, momentum=0.9)
    optimizer.step()
    weight.grad.numpy()[:] = 0.0
    optimizer.step()
    assert optimizer.state[weight]["momentum_buffer"].item() == pytest.approx(2.7)


def test_the_velocity_follows_a_parameter_that_moved():
    weight = nn.Parameter(fixed([1.0]))
    module = nn.Module()
    module.weight = weight
    optimizer = optim.SGD([weight], lr=0.1, momentum=0.5)
    for dtype in (mg.float32, mg.float64):
        module.to(dtype)
        weight.grad = mg.tensor([2.0], dtype=dtype, device="reference")
        optimizer.step()
    velocity = optimizer.state[weight]["momentum_buffer"]
    assert velocity.dtype == mg.float64
    assert velocity.item() == 3.0


def test_without_momentum_there_is_no_state():
    weight = nn.Parameter(fixed([1.0]))
    weight.grad = fixed([3.0])
    optimizer = optim.SGD([weight], lr=0.1)
    optimizer.step()
    assert optimizer.state == {}


def test_the_default_learning_rate_is_pytorch_s():
    assert optim.SGD([nn.Parameter(fixed([1.0]))]).param_groups[0]["lr"] == 1e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": -0.1}, r"SGD: lr must be a number of at least 0, got -0\.1"),
        ({"lr": float("nan")}, "SGD: lr must be a number of at least 0, got nan"),
        ({"momentum": -1}, "SGD: momentum must be a number of at least 0, got -1"),
        ({"weight_decay": -1.0}, r"SGD: weight_decay must be a number of at least 0, got -1\.0"),
        ({"nesterov": True}, "SGD: nesterov needs a momentum above 0 and a dampening of 0"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "SGD: nesterov needs a momentum above 0 and a damp"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(DataError, match=message):
        optim.SGD([nn.Parameter(fixed([1.0]))], **settings)


@pytest.mark.parametrize("settings", [{"lr": "0.1"}, {"lr": True}, {"dampening": None}])
def test_what_is_no_number_is_a_type_error(settings):
    ((name, value),) = settings.items()
    with pytest.raises(DTypeError, match=f"SGD: {name} must be a number, got {value!r}"):
        optim.SGD([nn.Parameter(fixed([1.0]))], **settings)


def test_numpy_s_numbers_are_numbers():
    weight = nn.Parameter(fixed([1.0]))
    weight.grad = fixed([1.0])
    optim.SGD([weight], lr=np.float32(0.5)).step()
    assert weight.item() == 0.5
