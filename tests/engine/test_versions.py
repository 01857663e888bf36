import pytest

import minigrad as mg
from minigrad import optim
from minigrad.autograd import FILL, apply_each_in_place
from minigrad.errors import GraphError
from minigrad.ops.update import copy_


def leaf(values):
    return mg.tensor(values, dtype=mg.float64, device="reference", requires_grad=True)


def fixed(values):
    return leaf(values).detach()


def test_a_saved_input_that_changed_is_an_error_that_names_the_op():
    x, weight = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    out = (x * weight).sum()
    copy_(weight, fixed([0.0, 0.0]))
    with pytest.raises(GraphError, match="a tensor that mul saved has since been changed in place"):
        out.backward()


def test_a_saved_output_that_changed_is_an_error_that_names_the_op():
    out = mg.exp(leaf([1.0, 2.0]))
    total = out.sum()
    copy_(out.detach(), fixed([0.0, 0.0]))
    with pytest.raises(GraphError, match="a tensor that exp saved has since been changed in place"):
        total.backward()


def test_the_error_says_which_tensor_and_what_to_do():
    x, weight = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    out = (x * weight).sum()
    copy_(weight, x.detach())
    copy_(weight, x.detach())
    with pytest.raises(GraphError) as caught:
        out.backward()
    assert "saved: float64[2] at version 0, now at version 2" in str(caught.value)
    assert "call backward before the change" in str(caught.value)


def test_a_change_that_nobody_saved_is_fine():
    x, shift = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    out = (x + shift).sum()
    copy_(shift, fixed([0.0, 0.0]))
    out.backward()
    assert x.grad.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "view",
    [lambda t: t[0:1], lambda t: t.reshape(2, 1), lambda t: t.unsqueeze(0), lambda t: t.T, lambda t: t.detach()],
    ids=["slice", "reshape", "unsqueeze", "transpose", "detach"],
)
def test_a_view_shares_its_base_s_version(view):
    x, weight = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    out = (x * weight).sum()
    part = view(weight)
    copy_(part, part.clone())
    with pytest.raises(GraphError, match="mul saved has since been changed"):
        out.backward()


def test_a_base_shares_its_views_version():
    x, weight = leaf([1.0]), fixed([3.0, 4.0])
    out = (x * weight[0:1]).sum()
    copy_(weight, fixed([0.0, 0.0]))
    with pytest.raises(GraphError, match="mul saved has since been changed"):
        out.backward()


def test_a_copy_has_a_version_of_its_own():
    x, weight = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    out = (x * weight.clone()).sum()
    copy_(weight, fixed([0.0, 0.0]))
    out.backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_an_optimiser_s_step_between_forward_and_backward_is_an_error():
    weight = mg.nn.Parameter(fixed([3.0, 4.0]))
    optimizer = optim.SGD([weight], lr=0.1)
    (weight * weight).sum().backward()
    out = (weight * weight).sum()
    optimizer.step()
    with pytest.raises(GraphError, match="mul saved has since been changed"):
        out.backward()


def test_a_parameter_shares_the_version_of_the_memory_it_was_made_of():
    start = fixed([3.0, 4.0])
    weight = mg.nn.Parameter(start)
    out = (weight * weight).sum()
    copy_(start, fixed([0.0, 0.0]))
    with pytest.raises(GraphError, match="mul saved has since been changed"):
        out.backward()


def test_a_tensor_that_requires_a_gradient_changes_only_under_no_grad():
    x = leaf([1.0, 2.0])
    with pytest.raises(GraphError, match=r"copy: .* may be changed in place only under no_grad\(\)"):
        copy_(x, fixed([5.0, 6.0]))
    assert x.tolist() == [1.0, 2.0]
    with mg.no_grad():
        copy_(x, fixed([5.0, 6.0]))
    assert x.tolist() == [5.0, 6.0]


def test_changes_that_are_made_together_are_each_counted():
    first, second = fixed([1.0, 2.0]), fixed([3.0])
    with mg.Tape() as tape:
        apply_each_in_place([(FILL, (first,), (5,)), (FILL, (second,), (6,)), (FILL, (first,), (7,))])
    assert (first.tolist(), second.tolist()) == ([7, 7], [6])
    assert (first.version.count, second.version.count) == (2, 1)
    assert [entry.inputs[0] for entry in tape.entries] == [first.spec, second.spec, first.spec]
    apply_each_in_place([])


def test_of_changes_that_are_made_together_none_is_made_if_one_is_refused():
    first, second = fixed([1.0]), leaf([1.0])
    with pytest.raises(GraphError, match=r"^fill: a tensor that requires a gradient .* only under no_grad\(\)"):
        apply_each_in_place([(FILL, (first,), (5,)), (FILL, (second,), (6,))])
    assert (first.tolist(), first.version.count) == ([1], 0)


def test_changes_on_several_devices_are_made_on_each():
    tensors = [mg.zeros(2, device=device) for device in ("cpu", "reference", "cpu")]
    apply_each_in_place([(FILL, (tensor,), (number,)) for number, tensor in enumerate(tensors)])
    assert [tensor.tolist() for tensor in tensors] == [[0, 0], [1, 1], [2, 2]]
