"""Ops that a user declares: what the engine checks in their declarations and in what their rules give."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.autograd import Op, apply
from minigrad.backends.base import Kernel, get_backend
from minigrad.errors import DeviceError, GraphError


def leaf(values, device="reference"):
    return mg.tensor(values, dtype=mg.float64, device=device, requires_grad=True)


def cube_kernel(out, x):
    np.power(x, 3, out=out)


def unary(vjp=None, kernel=cube_kernel, **options):
    """An op of one argument, with a kernel on the reference device."""
    op = Op("cube", ("input",), lambda x: x, vjp={} if vjp is None else {"input": vjp}, **options)
    get_backend("reference").register(op, Kernel(kernel))
    return op


def test_an_op_of_one_s_own_has_gradients_of_every_order():
    op = unary(lambda grad, input: grad * input * input * 3.0)
    x = leaf(2.0)
    (first,) = mg.grad(apply(op, (x,)), x, create_graph=True)
    (second,) = mg.grad(first, x)
    assert (first.item(), second.item()) == (12.0, 12.0)


def test_a_missing_rule_is_an_error_never_zeros():
    with pytest.raises(GraphError, match="cube: no gradient with respect to 'input' is implemented"):
        apply(unary(), (leaf(2.0),)).backward()


def test_an_argument_in_which_an_op_is_constant_gets_no_gradient():
    x = leaf(2.0)
    out = apply(unary(constant_in=("input",)), (x,))
    assert not out.requires_grad


def test_a_rule_that_gives_another_shape_is_refused():
    out = apply(unary(lambda grad: grad.sum()), (leaf([1.0, 2.0]),))
    with pytest.raises(GraphError, match=r"rule for input 0 gave float64\[\], the input is float64\[2\]"):
        out.sum().backward()


def test_a_rule_that_gives_another_dtype_is_refused():
    out = apply(unary(lambda grad: grad.to(mg.float32)), (leaf([1.0, 2.0]),))
    with pytest.raises(GraphError, match=r"rule for input 0 gave float32\[2\], the input is float64\[2\]"):
        out.sum().backward()


def test_a_rule_sees_the_params_and_specs_that_it_names():
    seen = []

    def rule(grad, params, exponent, input_spec):
        seen.append((params, exponent, str(input_spec)))
        return grad

    op = unary(rule, lambda out, x, exponent: np.power(x, exponent, out=out), params=("exponent",))
    object.__setattr__(op, "infer", lambda x, exponent: x)
    apply(op, (leaf([1.0, 2.0]),), (3,)).sum().backward()
    assert seen == [((3,), 3, "float64[2]")]


def test_a_rule_for_an_unknown_argument_is_refused():
    with pytest.raises(GraphError, match=r"cube: vjp names \['weight'\], which are not among \('input',\)"):
        Op("cube", ("input",), lambda x: x, vjp={"weight": lambda grad: grad})


def test_a_rule_that_asks_for_something_unknown_is_refused():
    with pytest.raises(GraphError, match=r"cube: a rule asks for 'inputs'; known are \('input', 'out', 'scale'\)"):
        Op("cube", ("input",), lambda x, scale: x, params=("scale",), vjp={"input": lambda grad, inputs: grad})


def test_a_rule_takes_the_gradient_first():
    with pytest.raises(GraphError, match=r"rule for input must take 'grad' first, it takes \['input', 'grad'\]"):
        Op("cube", ("input",), lambda x: x, vjp={"input": lambda input, grad: grad})


def test_the_rule_of_a_variadic_op_saves_no_tensors():
    with pytest.raises(GraphError, match="join: the rule of a variadic op cannot save tensors"):
        Op("join", ("tensors",), lambda *specs: specs[0], vjp={"tensors": lambda grad, out: grad}, variadic=True)


def test_a_device_without_a_kernel_says_so():
    op = Op("unheard_of", ("input",), lambda x: x)
    with pytest.raises(DeviceError, match="unheard_of: the device 'reference' has no kernel for it"):
        apply(op, (leaf(1.0),))


def test_tensors_of_two_devices_do_not_mix():
    with pytest.raises(DeviceError, match=r"add: tensors on one device are required, got \['reference', 'cpu'\]"):
        leaf([1.0]) + leaf([1.0], device="cpu")


def test_a_gradient_from_another_device_is_refused():
    x = leaf([1.0, 2.0])
    with pytest.raises(DeviceError, match="device"):
        x.backward(leaf([1.0, 2.0], device="cpu").detach())
    assert x.grad is None


def test_an_unknown_device_names_those_there_are():
    with pytest.raises(
        DeviceError,
        match=r"tensor: device 'tpu' is not available here; the devices are 'cpu', 'cuda', 'meta', 'reference'",
    ):
        mg.tensor([1.0], device="tpu")


def test_gradients_cross_devices_where_the_tensor_was_moved():
    x = leaf([1.0, 2.0], device="cpu")
    (x.to("reference") * 3.0).sum().backward()
    assert x.grad.device == "cpu"
    assert x.grad.tolist() == [3.0, 3.0]
