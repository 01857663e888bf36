"""What the graph keeps alive, and for how long. The collector is off: reference counts alone must do."""

import gc
from weakref import ref

import pytest

import minigrad as mg
import minigrad.nn.functional as F


@pytest.fixture(autouse=True)
def _without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def leaf(values):
    return mg.tensor(values, dtype=mg.float64, device="reference", requires_grad=True)


def fixed(values):
    return leaf(values).detach()


def parts_of(*tensors):
    """Weak references to the memory of tensors and to their places on the tape."""
    return [ref(tensor.array) for tensor in tensors] + [ref(tensor.node) for tensor in tensors]


def alive(references):
    return sum(reference() is not None for reference in references)


def test_an_unused_graph_dies():
    x = leaf([1.0, 2.0])
    hidden = mg.exp(x)
    out = (hidden * hidden).sum()
    watched = parts_of(hidden, out)
    del hidden, out
    assert alive(watched) == 0


def test_the_graph_of_a_network_dies():
    x, w = leaf([[[[1.0, 2.0], [3.0, 4.0]]]]), leaf([[[[1.0]]]])
    target = mg.tensor([0], device="reference")
    image = F.max_pool2d(F.relu(F.conv2d(x, w)), 2)
    out = F.cross_entropy(image.flatten(1), target, label_smoothing=0.1)
    watched = parts_of(image, out)
    del image, out
    assert alive(watched) == 0


def test_a_graph_dies_after_backward():
    x = leaf([1.0, 2.0])
    hidden = mg.exp(x)
    out = (hidden * hidden).sum()
    out.backward()
    watched = parts_of(hidden, out)
    del hidden, out
    assert alive(watched) == 0


def test_a_graph_of_second_order_dies():
    x = leaf([1.0, 2.0])
    hidden = mg.exp(x)
    (first,) = mg.grad((hidden * hidden).sum(), x, create_graph=True)
    watched = parts_of(hidden, first)
    mg.grad(first.sum(), x)
    del hidden, first
    assert alive(watched) == 0


def test_a_graph_dies_with_an_error_in_its_backward():
    x, weight = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    hidden = mg.exp(x)
    out = (hidden * weight).sum()
    watched = parts_of(hidden, out)
    weight.version.count += 1
    with pytest.raises(mg.GraphError):
        out.backward()
    del hidden, out
    assert alive(watched) == 0


def test_a_graph_with_hooks_and_retained_gradients_dies():
    x = leaf([1.0, 2.0])
    hidden = mg.exp(x)
    hidden.register_hook(lambda grad: grad * 2.0)
    hidden.retain_grad()
    out = hidden.sum()
    out.backward()
    watched = parts_of(hidden, out)
    del hidden, out
    assert alive(watched) == 0


def test_what_was_saved_is_released_by_backward():
    x, weight = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    out = (x * weight).sum()
    watched = ref(weight.array)
    del weight
    assert watched() is not None
    out.backward()
    assert watched() is None


def test_what_was_saved_is_released_while_backward_is_still_on_its_way():
    x = leaf([1.0, 2.0])
    low = mg.exp(x)
    high = mg.exp(low)
    out, watched = high.sum(), ref(high.array)
    seen = []
    low.register_hook(lambda grad: seen.append(watched() is None))
    del high
    out.backward()
    assert seen == [True]


def test_a_retained_graph_keeps_what_it_saved():
    x, weight = leaf([1.0, 2.0]), fixed([3.0, 4.0])
    out = (x * weight).sum()
    watched = ref(weight.array)
    del weight
    out.backward(retain_graph=True)
    assert watched() is not None


def test_a_frozen_weight_pins_no_activation():
    x, frozen = leaf([[1.0, 2.0]]), fixed([[3.0, 4.0]])
    hidden = x + x
    out = F.linear(hidden, frozen)
    watched = ref(hidden.array)
    del hidden
    assert watched() is None
    out.sum().backward()
    assert x.grad.tolist() == [[6.0, 8.0]]


def test_a_weight_that_learns_pins_its_input():
    x, weight = leaf([[1.0, 2.0]]), leaf([[3.0, 4.0]])
    hidden = x + x
    out = F.linear(hidden, weight)
    watched = ref(hidden.array)
    del hidden
    assert watched() is not None
    out.sum().backward()
    assert weight.grad.tolist() == [[2.0, 4.0]]


def test_a_sum_pins_nothing():
    x = leaf([1.0, 2.0])
    hidden = x + x
    out, watched = (hidden + x).sum(), ref(hidden.array)
    del hidden
    assert watched() is None
    assert out.requires_grad


def test_under_no_grad_nothing_is_pinned():
    x = leaf([1.0, 2.0])
    with mg.no_grad():
        hidden = mg.exp(x)
        out, watched = hidden * hidden, ref(hidden.array)
    del hidden
    assert watched() is None
    assert out.is_leaf


def test_the_gradient_of_the_first_layer_s_input_is_never_computed():
    image, w = fixed([[[[1.0, 2.0], [3.0, 4.0]]]]), leaf([[[[1.0]]]])
    out = F.conv2d(image, w).sum()
    with mg.Tape() as tape:
        out.backward()
    names = [entry.name for entry in tape.entries]
    assert "conv2d_weight_grad" in names
    assert "conv2d_input_grad" not in names


def test_a_tape_pins_no_memory():
    x = leaf([1.0, 2.0])
    with mg.Tape() as tape:
        hidden = mg.exp(x)
        watched = parts_of(hidden)
        del hidden
        assert alive(watched) == 0
    assert len(tape.entries) == 1


def test_anomaly_mode_pins_no_memory():
    x = leaf([1.0, 2.0])
    with mg.detect_anomaly():
        hidden = mg.exp(x)
        watched = parts_of(hidden)
        del hidden
        assert alive(watched) == 0


def test_a_chain_of_a_hundred_thousand_ops():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + x
    y.backward(retain_graph=True)
    assert x.grad.item() == 100_001.0
    assert mg.grad(y, x)[0].item() == 100_001.0
    first = ref(y.node)
    del y
    assert first() is None
