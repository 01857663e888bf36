"""The check of compiled kernels finds what it is for: one planted fault of each kind."""

import ast
from pathlib import Path

import pytest

import minigrad_kernels.cuda
from tests.gpu import planted
from tools import cuda_check


def report(kernel):
    (types,) = kernel.types
    return cuda_check.report(kernel, types, "sm_80", cuda_check.find_ptxas())


def test_a_sound_kernel_has_no_faults():
    found = report(planted.reverse)
    assert found.shared == planted.BLOCK * 4
    assert found.faults(uses_float64=False) == []
    assert found.occupancy(planted.BLOCK, cuda_check.TARGETS["sm_80"]) == 1


def test_float64_in_a_float32_kernel_is_a_fault():
    (fault,) = report(planted.scale_in_double).faults(uses_float64=False)
    assert fault.endswith("float64 instructions")
    assert report(planted.scale_in_double).faults(uses_float64=True) == []


def test_too_much_shared_memory_is_a_fault():
    with pytest.raises(RuntimeError, match="shared"):
        report(planted.share_too_much)


def test_spilled_registers_are_a_fault():
    found = report(planted.hold_too_much)
    assert found.spilled > 0, found
    assert any(fault.startswith("spills") for fault in found.faults(uses_float64=False))


def test_local_memory_is_a_fault():
    (fault,) = report(planted.keep_in_local_memory).faults(uses_float64=False)
    assert fault == "keeps 64 bytes of a thread in local memory"


@pytest.mark.parametrize(
    ("registers", "shared", "expected"), [(32, 0, 1.0), (64, 0, 0.5), (128, 0, 0.25), (32, 48 * 1024, 0.375)]
)
def test_occupancy(registers, shared, expected):
    found = cuda_check.Report(registers, 0, 0, shared, 0)
    assert found.occupancy(256, cuda_check.TARGETS["sm_80"]) == expected


def test_every_kernel_is_made_by_the_decorator_and_therefore_checked():
    for source in Path(minigrad_kernels.cuda.__file__).parent.glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Attribute)]
        makes = {node.attr for node in calls} & {"jit", "reduce", "vectorize", "guvectorize"}
        assert not makes or source.name in {"language.py", "compiler.py"}, source
