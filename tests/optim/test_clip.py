"""Clipping of gradients."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim
from minigrad.errors import DataError, DTypeError

INF, NAN = float("inf"), float("nan")


def with_grad(values, dtype=mg.float64):
    parameter = nn.Parameter(mg.zeros(np.shape(values), dtype=dtype))
    parameter.grad = mg.tensor(values, dtype=dtype)
    return parameter


def grads(parameters):
    return [parameter.grad.tolist() for parameter in parameters]


@given(
    seed=st.integers(0, 2**32 - 1),
    order=st.sampled_from([0.5, 1, 2, 2.0, 3, INF]),
    max_norm=st.floats(0, 20),
)
def test_all_gradients_are_scaled_as_one_vector(seed, order, max_norm):
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) for shape in ((3, 2), (), (4,))]
    parameters = [with_grad(array) for array in arrays]
    norm = np.linalg.norm(np.concatenate([array.ravel() for array in arrays]), order)
    total = optim.clip_grad_norm_(parameters, max_norm, order)
    assert total.shape == ()
    assert total.item() == pytest.approx(norm, rel=1e-12)
    for parameter, array in zip(parameters, arrays, strict=True):
        expected = array * min(1, max_norm / (norm + 1e-6))
        np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=1e-12, atol=1e-12)


def test_what_is_short_enough_keeps_its_bits():
    parameter = with_grad([0.1, 0.2, 0.3])
    optim.clip_grad_norm_(parameter, 1.0)
    assert parameter.grad.tolist() == [0.1, 0.2, 0.3]


def test_gradients_are_changed_in_place():
    parameter = with_grad([3.0, 4.0])
    grad = parameter.grad
    optim.clip_grad_norm_(iter([parameter]), 1.0)
    assert parameter.grad is grad
    assert grad.tolist() == pytest.approx([0.6, 0.8], rel=1e-6)


@pytest.mark.parametrize("parameters", [[], [nn.Parameter(mg.ones(2))], [with_grad(np.zeros((0, 3)))]])
@pytest.mark.parametrize("order", [2, INF])
def test_without_gradients_the_norm_is_zero(parameters, order):
    assert optim.clip_grad_norm_(parameters, 1.0, order).item() == 0.0


@pytest.mark.parametrize("order", [1, 2, INF])
def test_an_infinite_norm_and_a_nan_do_what_they_do_in_pytorch(order):
    infinite = [with_grad([INF, 1.0]), with_grad([2.0])]
    assert optim.clip_grad_norm_(infinite, 1.0, order).item() == INF
    np.testing.assert_equal(grads(infinite), [[NAN, 0.0], [0.0]])
    broken = [with_grad([NAN, 1.0]), with_grad([2.0])]
    assert math.isnan(optim.clip_grad_norm_(broken, 1.0, order).item())
    np.testing.assert_equal(grads(broken), [[NAN, NAN], [NAN]])


@pytest.mark.parametrize("value", [INF, NAN])
def test_a_norm_that_is_not_finite_can_be_refused(value):
    parameters = [with_grad([2.0]), with_grad([value])]
    with pytest.raises(DataError) as caught:
        optim.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert str(caught.value) == f"clip_grad_norm_: the gradients' norm of order 2.0 is {value}; nothing was changed"
    np.testing.assert_equal(grads(parameters), [[2.0], [value]])


def test_values_are_bounded_on_both_sides():
    parameters = [with_grad([-3.0, 0.5, 3.0]), nn.Parameter(mg.ones(1)), with_grad(NAN)]
    optim.clip_grad_value_(parameters, 1)
    np.testing.assert_equal(grads([parameters[0], parameters[2]]), [[-1.0, 0.5, 1.0], NAN])


def test_float32_stays_float32():
    parameter = with_grad([3.0, 4.0], mg.float32)
    assert optim.clip_grad_norm_(parameter, 1.0).dtype == mg.float32
    optim.clip_grad_value_(parameter, 0.5)
    assert parameter.grad.dtype == mg.float32


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda p: optim.clip_grad_norm_(p, -1.0),
            DataError,
            "clip_grad_norm_: max_norm must be a number of at least 0, got -1.0",
        ),
        (
            lambda p: optim.clip_grad_norm_(p, 1.0, 0),
            DataError,
            "clip_grad_norm_: norm_type must be a number above 0, got 0",
        ),
        (
            lambda p: optim.clip_grad_value_(p, NAN),
            DataError,
            "clip_grad_value_: clip_value must be a number of at least 0, got nan",
        ),
        (
            lambda p: optim.clip_grad_norm_([p, np.ones(2)], 1.0),
            DTypeError,
            "clip_grad_norm_: parameters must be tensors, got array([1., 1.]); use minigrad.tensor",
        ),
    ],
)
def test_wrong_arguments_change_nothing(call, error, message):
    parameter = with_grad([3.0, 4.0])
    with pytest.raises(error) as caught:
        call(parameter)
    assert str(caught.value) == message
    assert parameter.grad.tolist() == [3.0, 4.0]
