"""Every adaptive optimiser against PyTorch's rule, written down a second time with NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim


def rmsprop(w, grads, lr, alpha, eps, weight_decay, momentum, centered):
    square, mean, velocity = 0.0, 0.0, 0.0
    for grad in grads:
        g = grad + weight_decay * w
        square = alpha * square + (1 - alpha) * g * g
        mean = mean + (1 - alpha) * (g - mean)
        deviation = np.sqrt(square - mean * mean if centered else square)
        velocity = momentum * velocity + g / (deviation + eps)
        w = w - lr * velocity
        yield w


def adagrad(w, grads, lr, lr_decay, weight_decay, initial_accumulator_value, eps):
    total = initial_accumulator_value
    for steps, grad in enumerate(grads):
        g = grad + weight_decay * w
        total = total + g * g
        w = w - lr / (1 + steps * lr_decay) * g / (np.sqrt(total) + eps)
        yield w


def adadelta(w, grads, lr, rho, eps, weight_decay):
    square, accumulated = 0.0, 0.0
    for grad in grads:
        g = grad + weight_decay * w
        square = rho * square + (1 - rho) * g * g
        delta = np.sqrt(accumulated + eps) / np.sqrt(square + eps) * g
        accumulated = rho * accumulated + (1 - rho) * delta * delta
        w = w - lr * delta
        yield w


def adam(w, grads, lr, betas, eps, weight_decay, amsgrad, decoupled=False):
    m, v, largest = 0.0, 0.0, 0.0
    for step, grad in enumerate(grads, start=1):
        w, g = (w - lr * weight_decay * w, grad) if decoupled else (w, grad + weight_decay * w)
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        largest = np.maximum(largest, v)
        corrected = (largest if amsgrad else v) / (1 - betas[1] ** step)
        w = w - lr * m / (1 - betas[0] ** step) / (np.sqrt(corrected) + eps)
        yield w


def adamw(w, grads, **chosen):
    return adam(w, grads, **chosen, decoupled=True)


RATES, DECAYS = st.floats(1e-4, 0.1), st.just(0.0) | st.floats(1e-4, 0.1)
KEPT = st.floats(0.5, 0.999)
EPSILONS = st.sampled_from([1e-10, 1e-8, 1e-3])
ADAM = {"lr": RATES, "betas": st.tuples(KEPT, KEPT), "eps": EPSILONS, "weight_decay": DECAYS, "amsgrad": st.booleans()}
RULES = {
    "RMSprop": (
        rmsprop,
        {
            "lr": RATES,
            "alpha": KEPT,
            "eps": EPSILONS,
            "weight_decay": DECAYS,
            "momentum": st.sampled_from([0.0, 0.5, 0.9]),
            "centered": st.booleans(),
        },
    ),
    "Adagrad": (
        adagrad,
        {
            "lr": RATES,
            "lr_decay": DECAYS,
            "weight_decay": DECAYS,
            "initial_accumulator_value": DECAYS,
            "eps": EPSILONS,
        },
    ),
    "Adadelta": (
        adadelta,
        {"lr": st.floats(0.1, 2), "rho": KEPT, "eps": st.floats(1e-8, 1e-3), "weight_decay": DECAYS},
    ),
    "Adam": (adam, ADAM),
    "AdamW": (adamw, ADAM),
}


def steps(name, start, grads, device, **chosen):
    """The parameter after each step."""
    weight = nn.Parameter(mg.tensor(start, device=device))
    optimizer = getattr(optim, name)([weight], **chosen)
    for grad in grads:
        weight.grad = mg.tensor(grad, device=device)
        optimizer.step()
        yield weight.detach().numpy().copy()


def drawn(seed, count, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((3, 2)).astype(dtype), rng.standard_normal((count, 3, 2)).astype(dtype)


@pytest.mark.parametrize("device", ["cpu", "reference"])
@pytest.mark.parametrize("name", RULES)
def test_sixty_steps_follow_the_rule(name, device):
    path, strategies = RULES[name]

    @settings(max_examples=30)
    @given(st.integers(0, 2**32 - 1), st.fixed_dictionaries(strategies))
    def property_holds(seed, chosen):
        start, grads = drawn(seed, 60)
        pairs = zip(steps(name, start, grads, device, **chosen), path(start, grads, **chosen), strict=True)
        for got, expected in pairs:
            np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)

    property_holds()


@pytest.mark.parametrize("name", RULES)
def test_five_hundred_steps_in_float32_stay_near_those_in_float64(name):
    start, grads = drawn(0, 500, np.float32)
    *_, single = steps(name, start, grads, "cpu", weight_decay=0.01)
    *_, double = steps(name, start.astype(np.float64), grads.astype(np.float64), "cpu", weight_decay=0.01)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("device", ["cpu", "reference"])
def test_a_variance_below_zero_which_rounding_makes_counts_as_zero(device):
    one = mg.ones(1, dtype=mg.float64, device=device)
    weight = nn.Parameter(one)
    weight.grad = one
    optimizer = optim.RMSprop([weight], lr=0.25, alpha=0.5, eps=1.0, centered=True)
    optimizer.state[weight] = {"square_avg": one * 0.99, "grad_avg": one}
    optimizer.step()
    assert weight.item() == 0.75
