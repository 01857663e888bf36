"""Floating-point operations of an op and of its gradients, counted by hand, as `Tape` shows them."""

import pytest

import minigrad as mg
from minigrad.autograd import Op
from minigrad.nn import functional as F
from minigrad.ops import optimise

TARGET = mg.tensor([0, 2, 1, 1])


def counted(function, *shapes):
    """The operations of each op that is named once in a forward and backward pass and is not 0."""
    leaves = [mg.rand(*shape, requires_grad=True) for shape in shapes]
    with mg.Tape() as tape:
        out = function(*leaves)
        if out.requires_grad:
            mg.grad(out, leaves, mg.ones_like(out))
    return {entry.name: entry.flops for entry in tape.entries if entry.flops}


IMAGES = (2, 3, 4, 4)  # 96 elements

CASES = [
    (mg.exp, [(4, 3)], {"exp": 12, "mul": 12}),
    (mg.maximum, [(4, 3), (4, 3)], {"maximum": 12}),
    (F.relu, [(4, 3)], {"relu": 12, "relu_input_grad": 12}),
    (lambda x: x.sum(1), [(4, 3)], {"sum": 12}),
    (lambda x: x.mean(1), [(4, 3)], {"mean": 12}),
    (lambda x: x.amax(1).detach(), [(4, 3)], {"amax": 12}),
    (mg.matmul, [(4, 3), (3, 5)], {"matmul": 2 * 4 * 3 * 5}),
    (F.linear, [(4, 3), (5, 3), (5,)], {"linear": 2 * 4 * 3 * 5, "matmul": 2 * 4 * 3 * 5, "sum": 20}),
    (
        F.conv2d,
        [IMAGES, (5, 3, 3, 2)],
        dict.fromkeys(["conv2d", "conv2d_input_grad", "conv2d_weight_grad"], 2 * (2 * 5 * 2 * 3) * (3 * 3 * 2)),
    ),
    # A comparison or an addition for each place of a window; its gradient has as many, or one for each maximum.
    (lambda x: F.max_pool2d(x, (2, 4), 1), [IMAGES], {"max_pool2d": 8 * 18, "max_pool2d_input_grad": 18}),
    (lambda x: F.avg_pool2d(x, (2, 4), 1), [IMAGES], {"avg_pool2d": 8 * 18, "avg_pool2d_input_grad": 8 * 18}),
    (lambda x: F.fold(x, (3, 3), 2), [(2, 12, 4)], {"fold": 96}),
    (F.dropout, [(4, 3)], {"dropout": 12}),
    (lambda x: F.log_softmax(x, 1), [(4, 3)], {"log_softmax": 48, "log_softmax_input_grad": 48}),
    (
        lambda x: F.cross_entropy(x, TARGET, reduction="none"),
        [(4, 3)],
        {"softmax_loss": 48, "softmax_loss_input_grad": 48},
    ),
    (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        [IMAGES, (3,), (3,)],
        {"batch_norm": 8 * 96, "batch_norm_affine_grad": 4 * 96, "batch_norm_input_grad": 9 * 96},
    ),
    (
        lambda x: F.local_response_norm(x, 5),
        [IMAGES],
        {"local_response_norm": (2 * 5 + 6) * 96, "local_response_norm_input_grad": (3 * 5 + 10) * 96},
    ),
]


@pytest.mark.parametrize(("function", "shapes", "expected"), CASES)
def test_flops(function, shapes, expected):
    found = counted(function, *shapes)
    assert {name: found.get(name) for name in expected} == expected
    assert found.keys() - expected.keys() <= {"mul", "sub", "div", "where", "equal", "less"}


def test_a_convolution_without_outputs_takes_no_operations():
    assert "conv2d" not in counted(F.conv2d, (1, 2, 4, 4), (0, 2, 3, 3))


def test_a_step_of_an_optimiser_takes_so_many_operations_for_each_element():
    flops = {op.name: op.flops(mg.ones(4, 3).spec) for op in vars(optimise).values() if isinstance(op, Op)}
    assert flops == {"sgd": 12 * 4, "rmsprop": 12 * 10, "adagrad": 12 * 9, "adadelta": 12 * 17, "adam": 12 * 16}
