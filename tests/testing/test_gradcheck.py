"""The checkers themselves: what they accept, what they refuse, and what they say."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.autograd import Op, apply
from minigrad.backends.base import Kernel, get_backend
from minigrad.errors import DataError, DTypeError, GraphError
from minigrad.testing import check_adjoint, gradcheck, gradgradcheck

MODES = pytest.mark.parametrize("full", [False, True])


def cube_op(vjp):
    """x^3, of a kernel and a rule of the test's own."""
    op = Op("cube", ("input",), lambda x: x, vjp={"input": vjp})

    def kernel(out, x):
        out[...] = x**3

    get_backend("cpu").register(op, Kernel(kernel))

    def cube(x):
        return apply(op, (x,))

    return cube


def leaf(values):
    return mg.tensor(np.asarray(values, np.float64), requires_grad=True)


@MODES
def test_right_gradients_pass(full):
    inputs = leaf([[0.5, -1.0, 2.0]]), leaf([[1.5], [-0.5]])
    assert gradcheck(lambda x, y: (mg.exp(x) * y, mg.tanh(x)), inputs, full=full)
    assert gradgradcheck(lambda x, y: (mg.exp(x) * y, mg.tanh(x)), inputs)
    assert gradcheck(cube_op(lambda grad, input: grad * input * input * 3), [leaf([1.0, 2.0])], full=full)


@MODES
def test_a_wrong_gradient_is_named(full):
    cube = cube_op(lambda grad, input: grad * input * input * mg.tensor([3.0, 3.0, 4.0], dtype=mg.float64))
    with pytest.raises(AssertionError, match=r"^cube: .* at input 0, index \(2,\), for output 0, index \(2,\): an"):
        gradcheck(cube, [leaf([1.0, 2.0, -1.0])], full=full)


def test_a_failure_gives_both_values():
    cube = cube_op(lambda grad, input: grad * input * input * 4)
    with pytest.raises(AssertionError) as caught:
        gradcheck(cube, [leaf(2.0)])
    start, numerical = str(caught.value).split(", numerical ")
    assert start == "cube: the gradient is wrong at input 0, index (), for output 0, index (): analytic 16"
    assert float(numerical) == pytest.approx(12)


def test_the_second_order_sees_what_the_first_does_not():
    cube = cube_op(lambda grad, input: grad * (input * input * 3).detach())
    assert gradcheck(cube, [leaf([1.0, 2.0])])
    with pytest.raises(AssertionError, match=r"^gradient of cube: .* wrong at input 0, index \(0,\), .*: analytic 0,"):
        gradgradcheck(cube, [leaf([1.0, 2.0])])


def test_a_lost_dependence_is_found():
    with pytest.raises(AssertionError, match="input 1, index"):
        gradcheck(lambda x, y: x * y.detach(), [leaf([1.0]), leaf([2.0])])


def test_only_inputs_that_require_a_gradient_are_checked():
    assert gradcheck(lambda x, y: x * y.detach(), [leaf([1.0]), leaf([2.0]).detach()])


def test_what_cannot_be_checked_is_refused():
    with pytest.raises(DTypeError, match=r"differences need float64, input 1 is float32\[2\]"):
        gradcheck(mg.mul, [leaf([1.0, 2.0]), mg.ones(2, requires_grad=True)])
    with pytest.raises(GraphError, match="none of the inputs requires a gradient"):
        gradcheck(mg.exp, [leaf([1.0]).detach()])


def test_adjoints_of_affine_functions_pass_and_others_fail():
    x, y = leaf([1.0, -2.0, 3.0]), leaf([0.5, 1.0, -1.0])
    check_adjoint(lambda x, y: x * y + y, [x, y], 0)
    with pytest.raises(AssertionError, match=r"<A x, y> = .* but <x, A\^T y> = .* for input 1"):
        check_adjoint(lambda x, y: x * y * y, [x, y], 1)


def test_the_checkers_leave_the_inputs_as_they_are():
    x = leaf([1.0, 2.0])
    gradcheck(mg.exp, [x])
    gradgradcheck(mg.exp, [x])
    check_adjoint(mg.neg, [x], 0)
    assert (x.tolist(), x.grad, x.version.count) == ([1.0, 2.0], None, 0)


def test_a_wrong_gradient_of_a_large_input_is_found_in_little_memory():
    # The whole Jacobian has 8.1e9 elements.
    with pytest.raises(AssertionError, match=r"input 0, index \(0, 0\), for output 0, index \(0, 0\): analytic 1,"):
        gradcheck(lambda x: x * x.detach(), [leaf(np.ones((300, 300)))])


def test_bounds_for_each_input_are_taken_at_second_order_too():
    inputs = [leaf([1.0, 2.0]), leaf([3.0, 4.0])]
    assert gradgradcheck(mg.mul, inputs, atol=[1e-6, 1e-5], rtol=(1e-5, 1e-4))
    with pytest.raises(DataError, match=r"^gradgradcheck: atol must be a number, or one for each of 2 inputs, got \["):
        gradgradcheck(mg.mul, inputs, atol=[1e-6])


def test_a_random_function_is_called_so():
    with pytest.raises(AssertionError, match=r"^noisy: two calls with the same inputs gave different values of output"):
        gradcheck(named(lambda x: x * mg.rand(20, dtype=mg.float64), "noisy"), [leaf(np.ones(20))])


def test_a_function_that_gives_no_tensor_is_refused():
    with pytest.raises(DTypeError, match="the outputs of nothing must be"):
        gradcheck(named(lambda x: None, "nothing"), [leaf([1.0])])


def test_a_lost_dependence_is_a_wrong_adjoint():
    with pytest.raises(AssertionError, match=r"<A x, y> = .* but <x, A\^T y> = 0 for input 0"):
        check_adjoint(lambda x: x.detach() * 2, [leaf([1.0, 2.0])], 0)
    check_adjoint(lambda x: x.detach() * 0, [leaf([1.0, 2.0])], 0)


def test_adjoints_need_float64_and_tensors():
    with pytest.raises(DTypeError, match=r"equal to rounding needs float64, input 1 is float32\[2\]"):
        check_adjoint(mg.mul, [leaf([1.0, 2.0]), mg.ones(2)], 0)
    with pytest.raises(DTypeError, match="check_adjoint: the outputs of nothing must be"):
        check_adjoint(named(lambda x: None, "nothing"), [leaf([1.0])], 0)


def named(function, name):
    function.__name__ = name
    return function
