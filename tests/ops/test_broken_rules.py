"""A test that cannot fail is a defect: each rule is broken in turn, and some sample must show it."""

from contextlib import contextmanager

import pytest
from hypothesis import Phase, find, settings

from minigrad.testing import check_adjoint, gradcheck
from tests.ops.table import DEVICE, TABLE

RULES = [
    pytest.param(spec, argument, id=f"{spec.name}-{argument}")
    for spec in TABLE
    if spec.op is not None
    for argument in spec.op.vjp
]
DAMAGES = {
    "scaled": lambda grad: grad * 1.001,
    "lost": lambda grad: grad * 0.0,
    "reversed": lambda grad: grad.flatten()[::-1].reshape(grad.shape),
}


@contextmanager
def broken(op, argument, damage):
    """The op with a wrong rule for one of its arguments."""
    right = op.rules
    position = op.arguments.index(argument)
    wrong = right[position]._replace(function=lambda *sources: damage(right[position].function(*sources)))
    object.__setattr__(op, "rules", (*right[:position], wrong, *right[position + 1 :]))
    try:
        yield
    finally:
        object.__setattr__(op, "rules", right)


def is_caught(spec, sample):
    """Whether one of the checks that run over the table fails."""
    try:
        if spec.order:
            gradcheck(lambda *tensors: spec(sample, tensors), sample.tensors(DEVICE, sample.floats))
        for position in spec.linear_in(sample):
            check_adjoint(lambda *tensors: spec(sample, tensors), sample.tensors(DEVICE), position)
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(("spec", "argument"), RULES)
def test_a_wrong_rule_is_caught(spec, argument, damage):
    search = settings(max_examples=100, derandomize=True, phases=[Phase.generate], database=None)
    with broken(spec.op, argument, DAMAGES[damage]):
        find(spec.samples, lambda sample: is_caught(spec, sample), settings=search)
