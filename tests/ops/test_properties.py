"""Every property of `minigrad.testing` for every record: what a user's `check_op` runs, turned on ourselves."""

import pytest

from minigrad.testing import PROPERTIES, check_property
from minigrad.testing.properties import error_input
from tests.ops.table import DEVICE, TABLE, TIMES

EXAMPLES = {
    "forward": 100,
    "layouts": 10,
    "gradient": 60,
    "second_gradient": 40,
    "adjoint": 250,
    "no_elements": 10,
    "unchanged_inputs": 20,
    "old_memory": 25,
    "threads": 15,
    "nan": 10,
}
HOLDING = [
    pytest.param(spec, property, id=f"{property.name}-{spec.name}")
    for property in PROPERTIES
    for spec in TABLE
    if not property.missing(spec)
]
REFUSED = [
    pytest.param(spec, case, id=f"{spec.name}-{number}")
    for spec in TABLE
    for number, case in enumerate(spec.error_inputs)
]


def test_every_property_is_tried_on_some_record():
    assert {case.values[1].name for case in HOLDING} == EXAMPLES.keys() == {property.name for property in PROPERTIES}


@TIMES
@pytest.mark.parametrize(("spec", "property"), HOLDING)
def test_a_property_holds(spec, property, times):
    check_property(spec, property, examples=EXAMPLES[property.name] * times, device=DEVICE)


@pytest.mark.parametrize(("spec", "case"), REFUSED)
def test_bad_input_is_refused_in_the_words_promised(spec, case):
    error_input(spec, case, DEVICE)
