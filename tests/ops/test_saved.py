"""What a node keeps for backward is what the rules that will run name, and no other rule runs."""

from inspect import signature

import minigrad as mg
from minigrad.autograd import Node
from minigrad.nn import functional as F
from tests.ops.table import DEVICE, TABLE, over_samples

RULED = [spec for spec in TABLE if spec.op is not None and spec.op.vjp]


def nodes_of(op, outs):
    """The nodes of an op from which the outputs were made."""
    stack, found = [out.node for out in outs if out.node is not None], []
    while stack:
        node = stack.pop()
        found += [node] if node.op is op else []
        stack += [edge for edge in node.edges if isinstance(edge, Node)]
    return found


def named_by_rules(node):
    """Arguments and outputs among the parameters of the rules for inputs that need a gradient."""
    names = node.op.arguments * len(node.edges) if node.op.variadic else node.op.arguments
    wanted = {name for name, edge in zip(names, node.edges, strict=True) if edge is not None and name in node.op.vjp}
    parameters = {parameter for name in wanted for parameter in signature(node.op.vjp[name]).parameters}
    return parameters & {*node.op.arguments, *node.op.outputs}


@over_samples(RULED, 25)
def test_a_node_saves_what_its_rules_name(spec, sample):
    slots = (*spec.op.arguments, *spec.op.outputs)
    for requires_grad in (*({position} for position in sample.floats), set(sample.floats)):
        for node in nodes_of(spec.op, spec(sample, sample.tensors(DEVICE, requires_grad))):
            assert {slots[slot] for slot in node.saved} == named_by_rules(node)


def backward_of(layer, *inputs):
    """Names of the ops that the backward pass of a layer's sum applies."""
    loss = layer(*inputs).sum()
    with mg.Tape() as tape:
        loss.backward()
    return [entry.name for entry in tape.entries]


def test_the_first_layer_computes_no_input_gradient():
    image, weight = mg.ones(1, 1, 4, 4, device=DEVICE), mg.ones(2, 1, 3, 3, device=DEVICE, requires_grad=True)
    names = backward_of(F.conv2d, image, weight)
    assert (names.count("conv2d_weight_grad"), names.count("conv2d_input_grad")) == (1, 0)
    rows, weight = mg.ones(2, 3, device=DEVICE), mg.ones(4, 3, device=DEVICE, requires_grad=True)
    assert backward_of(F.linear, rows, weight).count("matmul") == 1


def test_what_selects_nothing_is_no_op():
    rows = mg.ones(3, 4, device=DEVICE)
    with mg.Tape() as tape:
        rows[[0, 2]]
        rows[:, [1]]
        rows[1:, [1]]
    assert [entry.name for entry in tape.entries].count("slice") == 1
