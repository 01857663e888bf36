"""Examples of every op and property: all are found, and a failure is told."""

from itertools import count
from types import SimpleNamespace

import examples_each
from hypothesis import strategies as st

from tests.ops.table import TABLE


def test_every_record_is_among_the_properties():
    found = examples_each.properties()
    assert found["forward"].keys() == {spec.name for spec in TABLE}
    assert len(found) >= 12
    assert examples_each.KERNELS in found


def test_examples_are_counted_until_the_time_is_over(monkeypatch):
    """By a clock that is looked at before every example."""
    monkeypatch.setattr(examples_each, "time", SimpleNamespace(monotonic=count(step=0.001).__next__))
    seen = []
    examples, fault = examples_each.count_examples(st.integers(), seen.append, 0.3)
    assert (examples, fault) == (len(seen), "")
    assert len(set(seen)) > examples_each.BATCH, "another seed for every batch"


def test_a_failure_is_shrunk_and_told():
    def is_small(number):
        assert number < 1000, f"{number} is too much"

    examples, fault = examples_each.count_examples(st.integers(), is_small, 60.0)
    assert "AssertionError 1000 is too much" in fault
    assert examples > 0


def test_a_property_of_an_op_and_one_of_a_kernel():
    found = examples_each.properties()
    for title, name in (("gradient", "relu"), (examples_each.KERNELS, "elementwise.relu")):
        examples, fault = examples_each.count_examples(*found[title][name], 0.1)
        assert (examples > 0, fault) == (True, "")
