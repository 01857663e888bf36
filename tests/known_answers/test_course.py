"""Answers that the notebooks of CS231n print, reproduced.

They are in a file that is not part of this repository, and the tests are skipped where it is missing. Each test has the
name of a case, and is given that case. The cases of training are in test_training.py.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.testing import gradcheck

SHARED = os.environ.get("MINIGRAD_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data"
FILE = Path(SHARED) / "known-answers" / "cs231n_expected.json"
CASES = {case["name"]: case for case in json.loads(FILE.read_text())} if FILE.exists() else {}
REASON = "no known-answers/cs231n_expected.json in $MINIGRAD_SHARED_DATA or in ../shared/data beside the repository"
pytestmark = pytest.mark.skipif(not CASES, reason=REASON)


class Case:
    """Its inputs as float64 tensors, its settings, and what is expected."""

    def __init__(self, name):
        self.params, self.expected, self.rel_tol = (CASES[name][key] for key in ("params", "expected", "rel_tol"))
        for key, value in CASES[name]["inputs"].items():
            setattr(self, key, as_tensor(value) if isinstance(value, dict) else value)

    def check(self, value, key):
        """Equal to the digits that were printed: eight decimals, or the stated relative error."""
        value = value.detach().numpy() if isinstance(value, mg.Tensor) else value
        np.testing.assert_allclose(value, self.expected[key], rtol=self.rel_tol, atol=6e-9)


def as_tensor(spaced):
    values = np.linspace(*spaced["linspace"], num=np.prod(spaced["shape"])).reshape(spaced["shape"])
    return mg.tensor(values.T if spaced.get("then") == "transpose" else values)


def tensors(*arrays):
    return [mg.tensor(array) for array in arrays]


@pytest.fixture
def case(request):
    return Case(request.node.originalname.removeprefix("test_"))


def test_every_case_has_a_test():
    assert {name for name in CASES if f"test_{name}" not in globals()} == {"training_targets_cifar10"}


def test_conv2d_forward(case):
    case.check(F.conv2d(case.x, case.w, case.b, case.params["stride"], case.params["pad"]), "out")


def test_max_pool2d_forward(case):
    case.check(F.max_pool2d(case.x, case.params["kernel"], case.params["stride"]), "out")


def test_affine_forward(case):
    case.check(F.linear(case.x.flatten(1), case.w.T, case.b), "out")


def test_relu_forward(case):
    case.check(F.relu(case.x), "out")


def stepped(case, make, **state):
    """The weights and their state after a step of an optimiser that has been given that state."""
    weight = nn.Parameter(case.w)
    optimizer = make([weight])
    optimizer.state[weight] = state
    weight.grad = case.dw
    optimizer.step()
    return weight, optimizer.state[weight]


def test_sgd_momentum(case):
    lr, momentum = case.params["lr"], case.params["momentum"]
    # The course's velocity is the step, v = momentum v - lr dw; PyTorch's and ours is -v / lr.
    weight, state = stepped(case, lambda p: optim.SGD(p, lr, momentum), momentum_buffer=case.v * (-1 / lr))
    case.check(weight, "next_w")
    case.check(state["momentum_buffer"] * -lr, "velocity")


def test_rmsprop(case):
    lr, decay, eps = (case.params[key] for key in ("lr", "decay_rate", "eps"))
    weight, state = stepped(case, lambda p: optim.RMSprop(p, lr, decay, eps), square_avg=case.cache)
    case.check(weight, "next_w")
    case.check(state["square_avg"], "cache")


def test_adam(case):
    lr, beta1, beta2, eps, t = (case.params[key] for key in ("lr", "beta1", "beta2", "eps", "t_before"))
    moments = {"step": t, "exp_avg": case.m, "exp_avg_sq": case.v}
    weight, state = stepped(case, lambda p: optim.Adam(p, lr, (beta1, beta2), eps), **moments)
    case.check(weight, "next_w")
    case.check(state["exp_avg"], "m")
    case.check(state["exp_avg_sq"], "v")


def two_layers(w1, b1, w2, b2):
    """A network with weights given as the course has them, (inputs, outputs)."""
    net = nn.Sequential(nn.Linear(*w1.shape, dtype=mg.float64), nn.ReLU(), nn.Linear(*w2.shape, dtype=mg.float64))
    net.load_state_dict({"0.weight": w1.T, "0.bias": b1, "2.weight": w2.T, "2.bias": b2})
    return net


def test_two_layer_net_scores(case):
    net = two_layers(case.W1, case.b1, case.W2, case.b2)
    scores = net(case.X)
    case.check(scores, "scores")
    loss = F.cross_entropy(scores, mg.tensor(case.y))
    case.check(loss, "loss_reg0")
    case.check(loss + optim.regularize.L2(1.0)(net), "loss_reg1")


def test_two_layer_net_toy_seeded(case):
    weights, data = np.random.RandomState(0), np.random.RandomState(1)
    w1, w2 = tensors(0.1 * weights.randn(4, 10), 0.1 * weights.randn(10, 3))
    net = two_layers(w1, mg.zeros(10, dtype=mg.float64), w2, mg.zeros(3, dtype=mg.float64))
    scores = net(mg.tensor(10 * data.randn(5, 4)))
    case.check(scores, "scores")
    # The penalty has no half here, and that of L2 has.
    case.check(F.cross_entropy(scores, mg.tensor(case.y)) + optim.regularize.L2(2 * 0.05)(net), "loss_reg0_05")


def random_scores():
    rng = np.random.RandomState(231)
    return tensors(0.001 * rng.randn(50, 10), rng.randint(10, size=50))


def test_svm_loss_seeded(case):
    scores, classes = random_scores()
    case.check(nn.SVMLoss()(scores, classes), "loss")
    case.check(nn.MultiMarginLoss()(scores, classes) * 10.0, "loss")


def test_softmax_loss_seeded(case):
    case.check(nn.CrossEntropyLoss()(*random_scores()), "loss")


def test_dropout_statistics_seeded(case):
    rng = np.random.RandomState(231)
    x = mg.tensor(rng.randn(500, 500) + 10)
    case.check(x.mean(), "mean_input")
    for keep, printed in case.expected["by_p"].items():
        p = float(keep)  # of keeping, on the slides
        dropped = x * mg.tensor((rng.rand(*x.shape) < p) / p)
        assert statistics(dropped) == pytest.approx((printed["mean_train"], printed["frac_zero"]), rel=case.rel_tol)
        # Our mask is another one: its share of zeros, and the mean, lie within five standard errors.
        mean, zeros = statistics(F.dropout(x, 1 - p, training=True))
        assert abs(zeros - (1 - p)) < 5 * (p * (1 - p) / x.numel()) ** 0.5
        assert abs(mean - 10) < 5 * 10 * ((1 - p) / (p * x.numel())) ** 0.5
        assert F.dropout(x, 1 - p, training=False) is x


def statistics(dropped):
    return dropped.mean().item(), (dropped == 0).double().mean().item()


def check_batch_norm(case, norm, x, **after):
    """Means and deviations of the channels before, and after the layer in training mode."""
    axes = (0, *range(2, x.ndim))
    for value, when in ((x, "before"), (norm(x), "after")):
        mean = value.mean(axes, keepdim=True)
        statistics = {"mean": mean.flatten(), "std": ((value - mean).square()).mean(axes).sqrt()}
        for name, found in statistics.items():
            key = f"{when}_{name}"
            np.testing.assert_allclose(
                found.detach().numpy(), after.get(key, case.expected.get(key)), case.rel_tol, 6e-9
            )


def test_batchnorm_train_seeded(case):
    rng = np.random.RandomState(231)
    x, w1, w2 = tensors(rng.randn(200, 50), rng.randn(50, 60), rng.randn(60, 3))
    check_batch_norm(case, nn.BatchNorm1d(3, dtype=mg.float64), F.relu(x @ w1) @ w2)


def test_spatial_batchnorm_before_seeded(case):
    x = mg.tensor(4 * np.random.RandomState(231).randn(2, 3, 4, 5) + 10)
    norm = nn.BatchNorm2d(3, dtype=mg.float64)
    check_batch_norm(case, norm, x, after_mean=np.zeros(3), after_std=np.ones(3))


def test_conv_relu_pool_gradient_case(case):
    rng = np.random.RandomState(231)
    x, w, b, dout = tensors(rng.randn(2, 3, 16, 16), rng.randn(3, 3, 3, 3), rng.randn(3), rng.randn(2, 3, 8, 8))

    def weighted_output(x, w, b):
        conv, pool = case.params["conv"], case.params["pool"]
        hidden = F.relu(F.conv2d(x, w, b, conv["stride"], conv["pad"]))
        return (F.max_pool2d(hidden, pool["kernel"], pool["stride"]) * dout).sum()

    inputs = [tensor.requires_grad_() for tensor in (x, w, b)]
    assert gradcheck(weighted_output, inputs, step=1e-5, atol=1e-8, rtol=1e-8, full=True)


def test_rnn_step_forward(case):
    case.check(F.tanh(case.x @ case.Wx + case.prev_h @ case.Wh + case.b), "next_h")
