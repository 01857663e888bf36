"""The reference computes in float64, whatever it is given, and rounds what it writes, once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.cases.running import run
from tests.kernels.table import TABLE

# A cast is what it is; the others say in which steps float32 is rounded, and are equal to the CPU's to the bit.
STEP_BY_STEP = {"elementwise.cast", "dropout.dropout", "augment.color_jitter"}
CASES = [case for case in TABLE if "float32" in case.dtypes and case.name not in STEP_BY_STEP]


def in_float64(arrays: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(array.astype(np.float64) if array.dtype == np.float32 else array for array in arrays)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_reference_rounds_once(case, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    call = case.build(rng, "float32", **data.draw(case.sizes))
    exact = run("reference", case.name, call._replace(outs=in_float64(call.outs), inputs=in_float64(call.inputs)))
    for found, wide in zip(run("reference", case.name, call), exact, strict=True):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(found, wide.astype(found.dtype))
