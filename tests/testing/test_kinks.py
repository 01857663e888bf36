"""A point at a kink has no derivative: it is reported, and never a failure, while a wrong rule beside it is one."""

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad.autograd import Op, apply
from minigrad.errors import DataError
from minigrad.ops.conv import conv2d_relu
from minigrad.ops.matmul import linear_relu
from minigrad.testing import declare_kinks, gradcheck, gradgradcheck

STEP = 1e-6
ONE = mg.ones(1, 1, 1, 1, dtype=mg.float64)


def leaf(values):
    return mg.tensor(np.array(values), dtype=mg.float64, requires_grad=True)


AT_A_KINK = {
    "relu": (F.relu, [1.0, 0.0, -2.0], (1,)),
    "conv2d_relu": (lambda x: conv2d_relu(x.reshape(1, 1, 3), ONE, None, 1, 0, 1, 1), [1.0, 0.0, -2.0], (1,)),
    "linear_relu": (lambda x: linear_relu(x.reshape(3, 1), ONE[0, 0], None), [1.0, 0.0, -2.0], (1,)),
    "leaky_relu": (F.leaky_relu, [1.0, 0.0, -2.0], (1,)),
    "abs": (mg.abs, [1.0, 0.0, -2.0], (1,)),
    "floor": (mg.floor, [1.5, 3.0], (1,)),
    "clamp": (lambda x: mg.clamp(x, -1.0, 2.0), [0.5, 2.0, -3.0], (1,)),
    "hinge": (lambda x: F.multi_margin_loss(x, mg.tensor(0)), [1.0, 0.0, -2.0], (0, 1)),
    "max_pool": (lambda x: F.max_pool2d(x.reshape(1, 2, 2), 2), [3.0, 1.0, 3.0, 2.0], (0, 2)),
    "max": (lambda x: x.max(), [3.0, 1.0, 3.0], (0, 2)),
    "amax": (lambda x: mg.amax(x, 0), [3.0, 1.0, 3.0], (0, 2)),
    "smooth_l1": (lambda x: mg.where(x > 1.0, x, x * x), [1.0, 0.3], (0,)),
}


@pytest.mark.parametrize("name", AT_A_KINK)
@pytest.mark.parametrize("full", [False, True])
def test_elements_at_a_kink_are_reported_and_the_others_compared(name, full):
    function, values, kinks = AT_A_KINK[name]
    checked = gradcheck(function, [leaf(values)], full=full)
    assert checked
    assert checked.kinks == tuple(f"input 0, index ({place},)" for place in kinks)
    assert str(checked) == f"passed; at a kink, not compared: {'; '.join(checked.kinks)}"


@pytest.mark.parametrize("name", AT_A_KINK)
def test_near_a_kink_the_step_is_made_smaller(name):
    """All but one element move the point off the kink by less than the step."""
    function, values, kinks = AT_A_KINK[name]
    near = np.array(values)
    near[kinks[0]] += 0.3 * STEP if name not in ("hinge",) else 0.05 * STEP
    assert gradcheck(function, [leaf(near)], step=STEP).kinks == ()


def test_gradients_of_gradients_have_the_kinks_of_the_function():
    assert gradgradcheck(lambda x: F.relu(x) * x, [leaf([1.0, 0.0, -2.0])]).kinks == ("input 0, index (1,)",)
    assert gradgradcheck(lambda x: F.relu(x) * x, [leaf([1.0, -2.0])]).kinks == ()


def test_a_wrong_rule_beside_a_kink_fails():
    def broken(x):
        return F.relu(x) + mg.tanh(x.detach())

    with pytest.raises(AssertionError, match=r"broken: the gradient is wrong at input 0, index \(0,\), for output 0"):
        gradcheck(broken, [leaf([1.0, 0.0])])


def test_the_kinks_of_an_op_of_one_s_own_can_be_declared():
    def shrink(out, x):
        out[...] = np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)

    op = Op("soft_shrink", ("input",), lambda x: x, vjp={"input": lambda grad, out: grad * (out != 0).to(grad.dtype)})
    mg.register_kernel(op, "cpu", shrink)
    points = leaf([2.0, 0.5, 0.1])
    with pytest.raises(AssertionError, match="soft_shrink: the gradient is wrong"):
        gradcheck(named(lambda x: apply(op, (x,)), "soft_shrink"), [points])
    declare_kinks(op, lambda inputs, outputs: np.sign(outputs[0]))
    assert gradcheck(lambda x: apply(op, (x,)), [points]).kinks == ("input 0, index (1,)",)


def named(function, name):
    function.__name__ = name
    return function


def test_bounds_may_be_given_for_each_input():
    def off(x, y):
        return x * y + 1e-4 * x.detach() * x.detach()

    inputs = [leaf([1.0]), leaf([2.0])]
    assert gradcheck(off, inputs, atol=[1e-3, 1e-9])
    with pytest.raises(AssertionError, match="off: the gradient is wrong at input 0"):
        gradcheck(off, inputs, atol=[1e-9, 1e-3])
    message = r"gradcheck: atol must be a number, or one for each of 2 inputs, got \[1e-06\]"
    with pytest.raises(DataError, match=message):
        gradcheck(off, inputs, atol=[1e-6])


def test_only_ties_of_one_extreme_are_kinks():
    # 2 wins its row and loses the other; logsumexp has no kink where elements are equal.
    x = leaf([[1.0, 2.0], [2.0, 3.0]])
    assert not gradcheck(lambda x: mg.amax(x, 1), [x]).kinks
    assert not gradcheck(lambda x: mg.amin(x, 0, keepdim=True), [x]).kinks
    assert not gradcheck(lambda x: mg.logsumexp(x, 0), [leaf([0.0, 0.0])]).kinks


def test_a_kink_may_change_the_shape_of_the_output():
    checked = gradgradcheck(lambda x: mg.exp(x[x > 0]), [leaf([0.0, 1.0])])
    assert checked.kinks == ("input 0, index (0,)",)
