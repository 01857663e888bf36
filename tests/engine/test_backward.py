import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.backends import host
from minigrad.backends.host import allocated
from minigrad.errors import GraphError, OutOfMemoryError, ShapeError


def leaf(values):
    return mg.tensor(values, dtype=mg.float64, device="reference", requires_grad=True)


def fixed(values):
    return leaf(values).detach()


def ops_of_backward(output, gradient=None, **options):
    with mg.Tape() as tape:
        output.backward(gradient, **options)
    return [entry.name for entry in tape.entries]


def test_backward_leaves_a_gradient_in_every_leaf():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (x * y).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0]
    assert y.grad.tolist() == [1.0, 2.0]


def test_backward_leaves_no_gradient_in_intermediate_results():
    x = leaf(2.0)
    square = x * x
    (square * 3.0).backward()
    assert square.grad is None


def test_a_leaf_may_be_the_output():
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1.0


def test_paths_that_meet_again_are_summed_before_they_go_on():
    x = leaf(2.0)
    y = x * x
    (y * y + mg.exp(y) * 0.0 + y).backward()
    assert x.grad.item() == 4 * 2.0**3 + 2 * 2.0


def test_two_backwards_add_up():
    x = leaf([1.0, 2.0])
    (x * 3.0).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]


def test_the_first_gradient_is_borrowed_and_a_leaf_s_is_copied():
    x, y = leaf([1.0, 2.0]), leaf([1.0, 2.0])
    assert ops_of_backward((x + y) + y.detach(), fixed([1.0, 1.0])) == ["clone", "clone"]


def test_the_second_gradient_allocates_and_leaves_the_first_alone():
    x = leaf([1.0, 2.0])
    seed = fixed([10.0, 20.0])
    assert ops_of_backward(x + x, seed) == ["add"]
    assert x.grad.tolist() == [20.0, 40.0]
    assert seed.tolist() == [10.0, 20.0]


def test_later_gradients_add_in_place():
    x = leaf([1.0, 2.0])
    seed = fixed([10.0, 20.0])
    assert ops_of_backward((x + x) + (x + x), seed) == ["add", "accumulate", "accumulate"]
    assert x.grad.tolist() == [40.0, 80.0]
    assert seed.tolist() == [10.0, 20.0]


def test_nothing_adds_in_place_where_the_gradient_is_recorded():
    x, a, b, c = leaf([1.0]), leaf([2.0]), leaf([3.0]), leaf([4.0])
    out = x * a + x * b + x * c
    assert "accumulate" not in ops_of_backward(out, fixed([1.0]), create_graph=True)
    assert mg.grad(x.grad, b, fixed([1.0]))[0].tolist() == [1.0]


def test_the_gradient_of_a_leaf_is_memory_of_its_own():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    seed = fixed([1.0, 1.0])
    (x + y).backward(seed)
    x.grad.numpy()[:] = 7.0
    assert y.grad.tolist() == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]


def test_a_later_backward_changes_only_the_leaf_s_gradient():
    x = leaf([1.0, 2.0])
    seen = []
    x.register_hook(seen.append)
    (x + x).backward(fixed([1.0, 1.0]))
    (x + x).backward(fixed([1.0, 1.0]))
    assert x.grad.tolist() == [4.0, 4.0]
    assert [gradient.tolist() for gradient in seen] == [[2.0, 2.0], [2.0, 2.0]]


def test_a_second_backward_names_the_op_and_the_way_out():
    x = leaf(2.0)
    y = mg.exp(x)
    y.backward()
    with pytest.raises(GraphError, match="exp saved were released by an earlier backward\n  pass retain_graph=True"):
        y.backward()
    assert x.grad.item() == pytest.approx(np.exp(2.0))


def test_a_retained_graph_serves_again():
    x = leaf(3.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.item() == 12.0


def test_create_graph_retains_the_graph_unless_told_otherwise():
    x = leaf(3.0)
    y = x * x
    y.backward(create_graph=True)
    y.backward(create_graph=True, retain_graph=False)
    with pytest.raises(GraphError, match="retain_graph=True"):
        y.backward()


def test_create_graph_gives_a_gradient_that_has_one():
    x = leaf(3.0)
    (x * x * x).backward(create_graph=True)
    assert mg.grad(x.grad, x)[0].item() == 18.0


def test_an_output_that_is_no_scalar_needs_a_gradient():
    x = leaf([1.0, 2.0])
    with pytest.raises(GraphError, match=r"backward: an output that is not a scalar .* float64\[2\]"):
        (x * x).backward()


def test_the_gradient_given_must_have_the_spec_of_the_output():
    x = leaf([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"backward: the gradient given must match"):
        (x * x).backward(mg.ones(2, device="reference"))


def test_a_constant_has_no_backward():
    with pytest.raises(GraphError, match="does not depend on a tensor that requires a gradient"):
        fixed(1.0).backward()


def test_detach_shares_memory_and_cuts_the_tape():
    x = leaf([1.0, 2.0])
    y = x * x
    cut = y.detach()
    assert cut.is_leaf
    assert not cut.requires_grad
    assert np.shares_memory(cut.numpy(), y.array)
    (cut * x).sum().backward()
    assert x.grad.tolist() == [1.0, 4.0]


def test_integer_results_are_not_recorded():
    x = leaf([1.0, 3.0])
    assert not (x > 2.0).requires_grad
    assert not x.argmax(0).requires_grad


def test_augmented_assignment_binds_a_new_tensor():
    x = fixed([1.0])
    before = x
    x += 1.0
    assert before.tolist() == [1.0]
    assert x.tolist() == [2.0]


def test_a_gradient_that_nobody_else_holds_is_not_copied():
    x, w = mg.ones(2, 3), mg.ones(4, 3, requires_grad=True)
    with mg.Tape() as tape:
        nn.functional.linear(x, w).sum().backward()
    assert "clone" not in [entry.name for entry in tape.entries]
    assert w.grad.tolist() == [[2.0] * 3] * 4


def test_a_gradient_that_a_rule_has_kept_is_copied():
    kept = []
    op = mg.Op("keep", ("input",), lambda x: x, vjp={"input": lambda grad: kept.append(grad * 2.0) or kept[0]})
    mg.register_kernel(op, "cpu", lambda out, x: np.copyto(out, x))
    for keeps in (lambda tensor: tensor, lambda tensor: tensor.array):
        kept.clear()
        x = mg.ones(3, requires_grad=True)
        mg.apply(op, (x,)).sum().backward()
        held = keeps(kept.pop())
        assert not np.shares_memory(x.grad.array, getattr(held, "array", held))


def test_without_memory_for_one_gradient_no_leaf_has_got_anything(monkeypatch):
    """The gradient of b is a view, of which b needs a copy: that is the last thing that takes memory."""
    for failing in range(1, 100):
        a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
        a.grad = mg.ones_like(a)
        loss = b.sum() + (a * 2.0).sum()
        left = iter(range(1, failing))

        def scarce(spec, left=left):
            if next(left, None) is None:
                raise MemoryError
            return allocated(spec)

        monkeypatch.setattr(host, "allocated", scarce)
        try:
            loss.backward()
        except OutOfMemoryError:
            assert (a.grad.tolist(), b.grad) == ([1.0, 1.0], None)
        else:
            break
        finally:
            monkeypatch.undo()
    assert failing > 2
    assert (a.grad.tolist(), b.grad.tolist()) == ([3.0, 3.0], [1.0, 1.0])
