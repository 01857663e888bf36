"""Neighbouring layers that run together: nothing but the ops, and the time they take, may tell."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn
from minigrad.models import ConvNet
from minigrad.nn import fusion

PAIR = (nn.ReLU, nn.MaxPool2d)
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf]


class Case(NamedTuple):
    """A pooling of an image full of ties, and what its gradient and that gradient's gradient are weighted by."""

    x: np.ndarray
    dy: np.ndarray
    ddx: np.ndarray
    pool: dict[str, Any]


@st.composite
def cases(draw):
    kernel, stride, dilation = (draw(st.tuples(st.integers(1, 3), st.integers(1, high))) for high in (3, 3, 2))
    padding = tuple(draw(st.integers(0, size // 2)) for size in kernel)
    shape = (draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    spans = zip(shape[2:], kernel, padding, dilation, strict=True)
    assume(all(side + 2 * pad > d * (size - 1) for side, size, pad, d in spans))
    pool = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    pool["ceil_mode"] = draw(st.booleans())
    random, dtype = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.sampled_from(["f4", "f8"]))
    share = draw(st.sampled_from([0, 0.2, 0.7]))

    def values(shape):
        integers = random.integers(-2, 3, shape) / 3
        return np.where(random.random(shape) < share, random.choice(SPECIAL, shape), integers).astype(dtype)

    out = nn.MaxPool2d(**pool)(mg.zeros(*shape))
    return Case(values(shape), values(out.shape), values(shape), pool)


def bits(run, case):
    """Output, gradient, and the gradient's own gradient, to the bit."""
    x, dy = (mg.tensor(values, requires_grad=True) for values in (case.x, case.dy))
    out = run(x)
    (dx,) = mg.grad(out, x, dy, create_graph=True)
    (ddy,) = mg.grad(dx, dy, mg.tensor(case.ddx))
    return [tensor.detach().numpy().tobytes() for tensor in (out, dx, ddy)]


def is_equal(case):
    relu, pool = nn.ReLU(), nn.MaxPool2d(**case.pool)
    return bits(nn.Sequential(relu, pool), case) == bits(lambda x: pool(relu(x)), case)


@given(cases())
def test_relu_and_max_pooling_are_equal_to_the_bit_one_by_one_and_together(case):
    assert is_equal(case)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda relu, pool, x: pool(x),
        lambda relu, pool, x: relu(pool(x)),  # where a window covers no input, too
        lambda relu, pool, x: relu(pool(x)) * 1.0000001,
        lambda relu, pool, x: mg.maximum(pool(x), 0.0),
        lambda relu, pool, x: relu(-nn.MaxPool2d(**pool.settings())(-x)),
    ],
)
def test_a_wrong_pair_is_caught(monkeypatch, wrong):
    monkeypatch.setitem(fusion.TABLE, PAIR, wrong)
    search = settings(max_examples=2000, derandomize=True, phases=[Phase.generate], database=None)
    find(cases(), lambda case: not is_equal(case), settings=search)


def ops_of(net, *shape):
    with mg.Tape() as tape:
        net(mg.ones(*shape))
    return [entry.name for entry in tape.entries if entry.name != "fill"]


TOGETHER, APART = ["max_pool2d", "relu"], ["relu", "max_pool2d"]


def test_relu_works_on_the_maxima():
    net = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.ReLU(), nn.ReLU(), nn.MaxPool2d([1, 2], dilation=[1, 1]))
    assert ops_of(net, 1, 1, 4, 4) == [*TOGETHER, "relu", *TOGETHER]


class LoudReLU(nn.ReLU):
    pass


@pytest.mark.parametrize(
    "layers",
    [
        (nn.ReLU(), nn.MaxPool2d(2, return_indices=True)),
        (nn.ReLU(), nn.MaxPool2d(2, dilation=2)),
        (LoudReLU(), nn.MaxPool2d(2)),
        (nn.Sequential(nn.ReLU()), nn.MaxPool2d(2)),
    ],
)
def test_what_is_not_the_same_runs_one_by_one(layers):
    assert ops_of(nn.Sequential(*layers), 1, 1, 4, 4) == APART


def test_a_window_over_an_empty_image_keeps_its_maximum():
    net = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2, padding=1))
    assert net(mg.zeros(1, 1, 0, 2)).tolist() == [[[[-np.inf, -np.inf]]]]


def test_a_forward_of_a_layers_own_is_called():
    relu = nn.ReLU()
    relu.forward = lambda x: x * 0 - 5
    assert nn.Sequential(relu, nn.MaxPool2d(2))(mg.ones(1, 1, 2, 2)).item() == -5


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
def test_a_hook_sees_what_lies_between_and_may_change_it(place, register):
    net, seen = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)), []
    image = mg.tensor([[[[-1.0, 2.0], [3.0, -4.0]]]])

    def hook(module, inputs, output=None):
        seen.append([inputs[0].tolist(), None if output is None else output.tolist()])
        return inputs[0] * 10 if output is None else output * 10

    with getattr(net[place], register)(hook):
        assert net(image).item() == 30
        assert ops_of(net, 1, 1, 2, 2)[-1] != "relu"
    positive = [[[[0.0, 2.0], [3.0, 0.0]]]]
    given_to, made = ((image.tolist(), positive), (positive, [[[[3.0]]]]))[place]
    assert seen[0] == [given_to, made if register == "register_forward_hook" else None]
    assert net(image).item() == 3
    assert ops_of(net, 1, 1, 2, 2) == TOGETHER


def test_wrong_input_has_the_error_of_the_layer_it_comes_to():
    net = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))
    with pytest.raises(mg.DTypeError, match=r"^relu: "):
        net(mg.ones(1, 1, 2, 2, dtype=mg.int64))
    with pytest.raises(mg.ShapeError, match=r"^max_pool2d: "):
        net(mg.ones(2, 2))


def test_a_network_has_the_gradients_of_its_layers_one_by_one():
    mg.manual_seed(0)
    net, images = ConvNet(), mg.randn(3, 3, 32, 32)

    def one_by_one(x):
        for layer in net:
            x = layer(x)
        return x

    def all_gradients(run):
        logits = run(images)
        gradients = mg.grad(logits, list(net.parameters()), mg.ones_like(logits))
        return [tensor.detach().numpy().tobytes() for tensor in (logits, *gradients)]

    assert all_gradients(net) == all_gradients(one_by_one)
    assert ops_of(net, 1, 3, 32, 32)[:5] == ["conv2d", "relu", "conv2d", *TOGETHER]
