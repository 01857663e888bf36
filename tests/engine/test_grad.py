import pytest

import minigrad as mg
from minigrad.errors import GraphError, ShapeError


def leaf(values):
    return mg.tensor(values, dtype=mg.float64, device="reference", requires_grad=True)


def fixed(values):
    return leaf(values).detach()


def test_gradients_of_several_outputs_are_summed():
    x = leaf([2.0, 3.0])
    (dx,) = mg.grad([(x * x).sum(), (x * 5.0).sum()], x)
    assert dx.tolist() == [9.0, 11.0]


def test_one_gradient_for_each_input_in_their_order():
    x, y = leaf(2.0), leaf(3.0)
    dy, dx, dy_again = mg.grad(x * y * y, [y, x, y])
    assert (dx.item(), dy.item(), dy_again.item()) == (9.0, 12.0, 12.0)


def test_grad_outputs_weigh_the_outputs():
    x = leaf([1.0, 2.0, 3.0])
    (dx,) = mg.grad([x * x, x.sum()], x, grad_outputs=[fixed([1.0, 0.0, -1.0]), fixed(10.0)])
    assert dx.tolist() == [12.0, 10.0, 4.0]


def test_none_among_the_grad_outputs_stands_for_one():
    x = leaf([1.0, 2.0])
    (dx,) = mg.grad([x.sum(), x], x, grad_outputs=[None, fixed([5.0, 6.0])])
    assert dx.tolist() == [6.0, 7.0]


def test_the_gradient_of_an_intermediate_result():
    x = leaf(2.0)
    square = x * x
    dsquare, dx = mg.grad(square * 3.0, [square, x])
    assert (dsquare.item(), dx.item()) == (3.0, 12.0)


def test_the_gradient_of_an_output_by_itself_is_one():
    y = leaf(2.0) * 3.0
    assert mg.grad(y, y)[0].item() == 1.0


def test_grad_leaves_no_gradient_behind():
    x, y = leaf(2.0), leaf(3.0)
    mg.grad(x * y, x)
    assert x.grad is None
    assert y.grad is None


def test_only_what_leads_to_the_inputs_is_computed():
    x, y = leaf(2.0), leaf(3.0)
    out = x * mg.exp(mg.exp(y))
    with mg.Tape() as tape:
        mg.grad(out, x)
    assert [entry.name for entry in tape.entries] == ["fill", "mul"]


def test_an_unused_input_is_an_error():
    x, unused = leaf(1.0), leaf(1.0)
    with pytest.raises(GraphError, match=r"do not depend on inputs \[1\]; pass allow_unused=True"):
        mg.grad(x * x, [x, unused])


def test_an_unused_input_gives_none_where_that_is_allowed():
    x, unused = leaf(3.0), leaf(1.0)
    dx, nothing = mg.grad(x * x, [x, unused], allow_unused=True)
    assert dx.item() == 6.0
    assert nothing is None


def test_third_order_of_a_power():
    x = leaf(2.0)
    (first,) = mg.grad(x * x * x * x, x, create_graph=True)
    (second,) = mg.grad(first, x, create_graph=True)
    (third,) = mg.grad(second, x)
    assert (first.item(), second.item(), third.item()) == (32.0, 48.0, 48.0)


def test_third_order_through_a_saved_output():
    x = leaf(0.5)
    derivative = mg.exp(x)
    value = derivative.item()
    for _ in range(3):
        (derivative,) = mg.grad(derivative, x, create_graph=True)
        assert derivative.item() == pytest.approx(value, rel=1e-15)


def test_a_gradient_of_a_gradient_reaches_what_the_rules_saved():
    x, y = leaf(2.0), leaf(5.0)
    (dx,) = mg.grad(x * x * y, x, create_graph=True)
    (dy,) = mg.grad(dx, y)
    assert dy.item() == 4.0


def test_a_gradient_can_be_differentiated_by_its_grad_outputs():
    x, seed = leaf([1.0, 2.0]), leaf([1.0, 1.0])
    (dx,) = mg.grad(x * x, x, grad_outputs=seed, create_graph=True)
    (dseed,) = mg.grad(dx, seed, grad_outputs=fixed([3.0, 4.0]))
    assert dseed.tolist() == [6.0, 16.0]


def test_without_create_graph_the_gradient_is_a_constant():
    x = leaf(2.0)
    (dx,) = mg.grad(x * x, x)
    assert not dx.requires_grad


def test_create_graph_records_even_under_no_grad():
    x = leaf(2.0)
    y = x * x
    with mg.no_grad():
        (dx,) = mg.grad(y, x, create_graph=True)
    assert mg.grad(dx, x)[0].item() == 2.0


def test_an_input_without_requires_grad_is_refused():
    x = leaf(1.0)
    with pytest.raises(GraphError, match=r"grad: input 1, float64\[\], does not require a gradient"):
        mg.grad(x * x, [x, fixed(1.0)])


def test_an_output_that_depends_on_nothing_is_refused():
    with pytest.raises(GraphError, match=r"the output float64\[\] does not depend on a tensor that requires"):
        mg.grad(fixed(1.0) * 2.0, leaf(1.0))


def test_an_output_that_is_no_scalar_needs_its_grad_output():
    x = leaf([1.0, 2.0])
    with pytest.raises(GraphError, match=r"not a scalar needs its own gradient; this is float64\[2\]"):
        mg.grad(x * x, x)


def test_as_many_grad_outputs_as_outputs_are_required():
    x = leaf([1.0, 2.0])
    with pytest.raises(GraphError, match="2 outputs need as many grad_outputs, got 1"):
        mg.grad([x, x * x], x, grad_outputs=[x.detach()])


def test_a_grad_output_must_have_the_spec_of_its_output():
    x = leaf([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"output: float64\[2\]\n  grad:   float64\[3\]"):
        mg.grad(x * x, x, grad_outputs=fixed([1.0, 2.0, 3.0]))
