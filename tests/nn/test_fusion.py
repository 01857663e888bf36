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


# Ways in which the CPU convolves; inputs without a batch; options.
WEIGHTED = {
    "gathered": (lambda: nn.Conv2d(3, 5, 3, stride=2, padding=1), (2, 3, 9, 8)),
    "matrices": (lambda: nn.Conv2d(20, 27, 3, padding=1), (35, 20, 2, 2)),
    "Winograd": (lambda: nn.Conv2d(32, 48, 3, padding=1), (2, 32, 8, 8)),
    "one image": (lambda: nn.Conv2d(4, 6, (3, 2), padding="same", groups=2, bias=False), (4, 7, 6)),
    "nothing": (lambda: nn.Conv2d(2, 3, 2), (0, 2, 3, 3)),
    "linear": (lambda: nn.Linear(7, 5), (3, 7)),
    "rows": (lambda: nn.Linear(70, 9, bias=False), (2, 3, 70)),
    "one row": (lambda: nn.Linear(7, 5), (7,)),
}
every_weighted = pytest.mark.parametrize("name", WEIGHTED)


def all_bits(run, layer, x, dy):
    """Output, all gradients, and all gradients of their sums, to the bit."""
    leaves = [mg.tensor(x, requires_grad=True), *layer.parameters()]
    weight = mg.tensor(dy, requires_grad=True)
    out = run(leaves[0])
    grads = mg.grad(out, leaves, weight, create_graph=True)
    twice = mg.grad(grads, [weight, *leaves], [mg.ones_like(grad) for grad in grads], allow_unused=True)
    return [None if tensor is None else tensor.detach().numpy().tobytes() for tensor in (out, *grads, *twice)]


def differs(name, dtype=mg.float32, share=0.0):
    """Whether a layer and its ReLU, together, give other bits than one by one."""
    mg.manual_seed(0)
    make, shape = WEIGHTED[name]
    layer, relu, random = make().to(dtype), nn.ReLU(), np.random.default_rng(1)

    def values(shape):
        return np.where(random.random(shape) < share, random.choice(SPECIAL, shape), random.normal(size=shape))

    x = values(shape).astype(dtype)
    dy = values(layer(mg.tensor(x)).shape).astype(dtype)
    with np.errstate(invalid="ignore"):
        apart = all_bits(lambda given: relu(layer(given)), layer, x, dy)
        return all_bits(nn.Sequential(layer, relu), layer, x, dy) != apart


@every_weighted
@pytest.mark.parametrize("share", [0.0, 0.01])
@pytest.mark.parametrize("dtype", [mg.float32, mg.float64], ids=str)
def test_weights_and_relu_are_equal_to_the_bit_one_by_one_and_together(name, dtype, share):
    assert not differs(name, dtype, share)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda layer, relu, x: layer(x),
        lambda layer, relu, x: relu(layer(x)) * 1.0000001,
        lambda layer, relu, x: relu(layer(x).detach()),
    ],
)
def test_a_wrong_pair_of_weights_and_relu_is_caught(monkeypatch, wrong):
    monkeypatch.setattr(fusion, "TABLE", {(nn.Conv2d, nn.ReLU): wrong})
    with pytest.raises((AssertionError, mg.GraphError)):
        assert not differs("gathered")


def ops_of(net, *shape):
    with mg.Tape() as tape:
        net(mg.ones(*shape))
    return [entry.name for entry in tape.entries if entry.name != "fill"]


TOGETHER, APART = ["max_pool2d", "relu"], ["relu", "max_pool2d"]


def test_relu_works_on_the_maxima():
    net = nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.ReLU(), nn.ReLU(), nn.MaxPool2d([1, 2], dilation=[1, 1]))
    assert ops_of(net, 1, 1, 4, 4) == [*TOGETHER, "relu", *TOGETHER]


def test_relu_is_a_part_of_what_has_the_weights_unless_a_pooling_follows():
    conv, relu, pool = nn.Conv2d(1, 1, 1), nn.ReLU(), nn.MaxPool2d(2)
    net = nn.Sequential(conv, relu, conv, relu, pool, conv, relu, relu, pool, nn.Flatten(), nn.Linear(1, 1), relu)
    assert ops_of(net, 1, 1, 4, 4) == [
        *("conv2d_relu", "conv2d", "max_pool2d", "relu", "conv2d_relu", "max_pool2d", "relu"),
        *("reshape", "linear_relu"),
    ]


class LoudConv(nn.Conv2d):
    pass


@pytest.mark.parametrize("kind", [nn.Conv2d, LoudConv])
def test_a_subclass_or_a_hook_keeps_weights_and_relu_apart(kind):
    net, seen = nn.Sequential(kind(1, 1, 1), nn.ReLU()), []
    net[0].load_state_dict({"weight": mg.ones(1, 1, 1, 1), "bias": mg.full((1,), -2.0)})
    with net[0].register_forward_hook(lambda module, inputs, output: seen.append(output.item())):
        assert net(mg.ones(1, 1, 1, 1)).item() == 0
        assert ops_of(net, 1, 1, 1, 1) == ["conv2d", "relu"]
    assert seen == [-1, -1]
    assert ops_of(net, 1, 1, 1, 1) == (["conv2d_relu"] if kind is nn.Conv2d else ["conv2d", "relu"])


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
    for layer, name in ((nn.Conv2d(3, 1, 1), "conv2d"), (nn.Linear(3, 1), "linear")):
        with pytest.raises(mg.ShapeError, match=rf"^{name}: input has 1 "):
            nn.Sequential(layer, nn.ReLU())(mg.ones(1, 1, 1, 1))
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
    assert ops_of(net, 1, 3, 32, 32)[:5] == ["conv2d_relu", "conv2d", *TOGETHER, "conv2d_relu"]
