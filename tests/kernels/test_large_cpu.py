"""Large elementwise work is done in flat pieces where memory is flat, and as well where it is not."""

import numpy as np
import pytest

from tests.kernels.cases.running import run
from tests.kernels.table import TABLE

ELEMENTWISE = [case for case in TABLE if case.name.startswith("elementwise.")]


def transposed(array):
    return np.ascontiguousarray(array.T).T


def expanded(array):
    return np.broadcast_to(array[:1], array.shape)


def number(array):
    return array.reshape(-1)[7:8].reshape(())


@pytest.mark.parametrize("form", [transposed, expanded, number])
@pytest.mark.parametrize("case", ELEMENTWISE, ids=lambda case: case.name)
def test_each_input_in_other_memory(case, form):
    for sizes in case.large:
        call = case.build(np.random.default_rng(0), "float32", **sizes)
        for position in range(len(call.inputs)) if form is not number else range(len(call.inputs) > 1):
            inputs = list(call.inputs)
            inputs[position] = form(inputs[position])
            flat = (np.broadcast_to(array, call.outs[0].shape).copy() for array in inputs)
            got, expected = (run("cpu", case.name, call._replace(inputs=tuple(given))) for given in (inputs, flat))
            np.testing.assert_array_equal(got[0], expected[0])
