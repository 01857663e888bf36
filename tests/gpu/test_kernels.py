"""What the contract promises of each kernel that the device has, against the reference."""

import importlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gpu.running import run
from tests.kernels.cases.running import run as run_on_host
from tests.kernels.table import TABLE
from tests.kernels.test_kernels import assert_close, calls


def _has(case):
    module, _, function = case.name.partition(".")
    try:
        return hasattr(importlib.import_module(f"minigrad_kernels.cuda.{module}"), function)
    except ModuleNotFoundError:
        return False


CASES = [case for case in TABLE if _has(case)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_cuda_equals_reference(case, data):
    call = data.draw(calls(case))
    expected = run_on_host("reference", case.name, call)
    for result, answer, bound in zip(run(case.name, call), expected, case.bound(case, call, expected), strict=True):
        assert_close(result, answer, bound)
