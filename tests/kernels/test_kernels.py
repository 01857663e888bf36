"""What the contract promises of each kernel in the table."""

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad_kernels import reference
from minigrad_kernels.cpu import team, threads
from tests.kernels.cases.case import FLOATS, Call, Case, poisoned
from tests.kernels.cases.running import guarded, run
from tests.kernels.table import TABLE, each_case

MODULES = {module.name for module in pkgutil.iter_modules(reference.__path__)} - {"windows", "words"}


def view(array: np.ndarray, kind: str) -> np.ndarray:
    """An array of the same shape in other memory; some kinds repeat elements, and a 0-d array stands for the shape."""
    backwards = (slice(None, None, -1),) * array.ndim
    match kind:
        case "transposed":
            return guarded(array.T).T
        case "reversed":
            return guarded(array[backwards])[backwards]
        case "stepped":
            wide = guarded(np.repeat(array, 2, axis=-1))
            wide[..., 1::2] = poisoned(array.dtype, wide[..., 1::2].shape)
            return wide[..., ::2]
        case "expanded first":
            return np.broadcast_to(guarded(array[:1]), array.shape)
        case "expanded last":
            return np.broadcast_to(guarded(array[..., :1]), array.shape)
        case "0-d":
            return guarded(array[(0,) * array.ndim])
        case _:
            return guarded(array)


VIEWS = ["contiguous", "transposed", "reversed", "stepped", "expanded first", "expanded last"]


def views(case: Case, call: Call, array: np.ndarray) -> list[str]:
    """The kinds of memory in which the kernel takes this input."""
    if not case.is_strided or not array.ndim:
        return VIEWS[:1]
    is_operand = case.name.startswith("elementwise") and len(call.inputs) > 1
    return [*VIEWS, "0-d"] if is_operand and array.size else VIEWS


def assert_close(got: np.ndarray, expected: np.ndarray, bound: Any) -> None:
    """Equal, both NaN, or not further apart than the bound; subnormal numbers may be flushed to zero."""
    with np.errstate(invalid="ignore", over="ignore"):
        close = (got == expected) | ((got != got) & (expected != expected))
        if got.dtype.kind == "f":
            distance = np.abs(got.astype(np.float64) - expected)
            allowed = np.where(bound == 0, 0, bound + np.finfo(got.dtype).smallest_normal)
            close |= (distance <= allowed) & np.isfinite(bound)
    if not close.all():
        worst = tuple(np.argwhere(~close)[0].tolist())
        raise AssertionError(f"{(~close).sum()} of {close.size} differ, at {worst}: {got[worst]} != {expected[worst]}")


def assert_equals_reference(case: Case, call: Call, got: tuple[np.ndarray, ...]) -> None:
    expected = run("reference", case.name, call)
    for result, answer, bound in zip(got, expected, case.bound(case, call, expected), strict=True):
        assert_close(result, answer, bound)


@st.composite
def calls(draw, case: Case) -> Call:
    """A call with drawn sizes, NaN and infinities here and there, and inputs in any memory that the kernel takes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(case.dtypes))
    call = case.build(rng, dtype, **draw(case.sizes))
    inputs = list(call.inputs)
    floating = [x for i, x in enumerate(inputs) if x.dtype.kind == "f" and x.size and i not in case.stay_finite]
    for array in floating:
        for place in draw(st.lists(st.integers(0, array.size - 1), max_size=2)):
            array.flat[place] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    return call._replace(inputs=tuple(view(array, draw(st.sampled_from(views(case, call, array)))) for array in inputs))


def test_every_entry_point_of_the_cpu_is_in_the_table():
    found = set()
    for module_name in MODULES:
        module = importlib.import_module(f"minigrad_kernels.cpu.{module_name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                found.add(f"{module_name}.{name}")
    assert {name for name in found if not name.endswith("_scratch_bytes")} == {case.name for case in TABLE}


@each_case
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_cpu_equals_reference(case, data):
    call = data.draw(calls(case))
    assert_equals_reference(case, call, run("cpu", case.name, call))


@pytest.fixture
def divided_work(monkeypatch):
    """Lets even tiny work go to several threads; a list of the numbers of tasks that kernels were divided into."""
    divided = []
    for module, limit in ((team, "PART_NANOSECONDS"), (threads, "SHARE_NANOSECONDS")):

        def record_and_run(function, tasks, work, *arguments, run=module.run):
            divided.append(tasks)
            run(function, tasks, work, *arguments)

        monkeypatch.setattr(module, "run", record_and_run)
        monkeypatch.setattr(module, limit, 1)
    before = threads.get_num_threads()
    yield divided
    threads.set_num_threads(before)


@each_case
@pytest.mark.parametrize("dtype", FLOATS)
def test_large_work_gives_equal_bits_at_any_number_of_threads(case, dtype, divided_work):
    for sizes in case.large:
        call = case.build(np.random.default_rng(0), dtype, **sizes)
        call = call._replace(inputs=tuple(map(guarded, call.inputs)))
        results = []
        for count in (1, 2, 4):
            threads.set_num_threads(count)
            results.append(run("cpu", case.name, call))
        alone, *together = ([out.tobytes() for out in result] for result in results)
        assert all(result == alone for result in together)
        assert_equals_reference(case, call, results[0])
    assert max(divided_work, default=2) > 1, "work too small to be divided shows nothing"
