import pytest

import minigrad as mg
from minigrad.errors import GraphError


def leaf(values):
    return mg.tensor(values, dtype=mg.float64, device="reference", requires_grad=True)


def test_a_hook_on_a_leaf_sees_the_whole_gradient_once():
    x = leaf(3.0)
    seen = []
    x.register_hook(lambda grad: seen.append(grad.item()))
    (x * x).backward()
    assert seen == [6.0]


def test_a_hook_on_an_intermediate_result_sees_the_whole_gradient_once():
    x = leaf(3.0)
    square = x * x
    seen = []
    square.register_hook(lambda grad: seen.append(grad.item()))
    (square * 2.0 + square * 5.0).backward()
    assert seen == [7.0]


def test_what_a_hook_returns_replaces_the_gradient_of_a_leaf():
    x = leaf(3.0)
    x.register_hook(lambda grad: grad * 10.0)
    (x * x).backward()
    assert x.grad.item() == 60.0


def test_what_a_hook_returns_replaces_the_gradient_further_down():
    x = leaf(3.0)
    square = x * x
    square.register_hook(lambda grad: grad * 0.0)
    (square + x).backward()
    assert x.grad.item() == 1.0


def test_hooks_run_in_the_order_of_their_registration():
    x = leaf(3.0)
    x.register_hook(lambda grad: grad + 1.0)
    x.register_hook(lambda grad: grad * 10.0)
    (x * 1.0).backward()
    assert x.grad.item() == 20.0


def test_a_removed_hook_is_silent():
    x = leaf(3.0)
    handle = x.register_hook(lambda grad: grad * 10.0)
    handle.remove()
    (x * x).backward()
    assert x.grad.item() == 6.0


def test_a_hook_lives_as_long_as_its_context():
    x = leaf(3.0)
    with x.register_hook(lambda grad: grad * 10.0):
        (x * x).backward()
    (x * x).backward()
    assert x.grad.item() == 66.0


def test_removing_twice_leaves_another_registration_of_the_same_hook():
    x = leaf(3.0)
    seen = []
    first = x.register_hook(seen.append)
    x.register_hook(seen.append)
    first.remove()
    first.remove()
    (x * x).backward()
    assert len(seen) == 1


def test_a_hook_may_remove_itself():
    x = leaf(3.0)
    seen = []

    def once(grad):
        seen.append(grad.item())
        handle.remove()

    handle = x.register_hook(once)
    x.register_hook(lambda grad: grad * 10.0)
    (x * x).backward()
    (x * x).backward()
    assert seen == [6.0]
    assert x.grad.item() == 120.0


def test_a_hook_must_return_the_gradient_s_spec():
    x = leaf([1.0, 2.0])
    x.register_hook(lambda grad: grad.sum())
    with pytest.raises(GraphError, match=r"hook: it returned float64\[\] for a gradient float64\[2\]"):
        (x * x).sum().backward()
    assert x.grad is None


def test_a_tensor_without_a_gradient_takes_no_hook():
    with pytest.raises(GraphError, match="register_hook: this tensor does not require a gradient"):
        leaf(1.0).detach().register_hook(print)


def test_hooks_see_what_mg_grad_computes():
    x = leaf(3.0)
    square = x * x
    square.register_hook(lambda grad: grad * 10.0)
    dx, dsquare = mg.grad(square * 1.0, [x, square])
    assert (dx.item(), dsquare.item()) == (60.0, 10.0)


def test_a_hook_s_replacement_can_be_differentiated():
    x = leaf(3.0)
    square = x * x
    square.register_hook(lambda grad: grad * x)
    (dx,) = mg.grad(square, x, create_graph=True)
    assert dx.item() == 18.0
    assert mg.grad(dx, x)[0].item() == 12.0


def test_retain_grad_keeps_the_gradient_of_an_intermediate_result():
    x = leaf(3.0)
    square = x * x
    square.retain_grad()
    (square * 5.0).backward()
    assert square.grad.item() == 5.0
    assert x.grad.item() == 30.0


def test_a_retained_gradient_is_memory_of_its_own():
    x, y = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    seed = y.detach()
    middle = x * 1.0
    middle.retain_grad()
    (middle + y).backward(seed)
    middle.grad.numpy()[:] = 7.0
    assert seed.tolist() == [1.0, 2.0]


def test_retained_gradients_add_up_over_two_backwards():
    x = leaf(3.0)
    square = x * x
    square.retain_grad()
    out = square * 5.0
    out.backward(retain_graph=True)
    out.backward()
    assert square.grad.item() == 10.0


def test_retain_grad_twice_is_as_good_as_once():
    x = leaf(3.0)
    square = x * x
    square.retain_grad()
    square.retain_grad()
    (square * 5.0).backward()
    assert square.grad.item() == 5.0


def test_retain_grad_changes_nothing_for_a_leaf():
    x = leaf(3.0)
    x.retain_grad()
    (x * x).backward()
    assert x.grad.item() == 6.0


def test_retain_grad_of_a_constant_is_refused():
    with pytest.raises(GraphError, match="retain_grad: this tensor does not require a gradient"):
        leaf(1.0).detach().retain_grad()
