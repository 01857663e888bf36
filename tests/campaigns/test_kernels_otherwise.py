"""Kernels compiled otherwise, as plain Python, and their files; what takes compilation is left to the campaigns."""

import random

import compiled_otherwise
import kernel_files
import plain_kernels
import pytest

TESTS = """
import pytest

def test_a(): pass

def test_b(): assert 0

@pytest.mark.skip
def test_c(): pass
"""


def test_an_index_out_of_bounds_is_noticed(tmp_path):
    assert compiled_otherwise.notices_an_index_out_of_bounds(tmp_path)


def test_without_checks_it_is_not(tmp_path, monkeypatch):
    monkeypatch.setitem(compiled_otherwise.WAYS, "bounds-checked", {})
    assert not compiled_otherwise.notices_an_index_out_of_bounds(tmp_path)


def test_outcomes_of_tests_are_counted(tmp_path):
    tests = tmp_path / "test_some.py"
    tests.write_text(TESTS)
    outcome = compiled_otherwise.tested("some", {}, tmp_path, [str(tests)])
    assert (outcome.passed, len(outcome.failed), outcome.skipped) == (1, 1, 1)
    assert outcome.failed[0].endswith("test_b")


@pytest.mark.parametrize("way", kernel_files.DAMAGES, ids=lambda way: way.__name__)
def test_damage_is_damage(way):
    rng, content = random.Random(0), bytes(range(256)) * 4
    assert all(way(content, [content, b"another"], rng) != content for _ in range(50))


def test_kernels_with_vector_ir_are_told_from_the_others():
    names = {path.name for path in plain_kernels.CPU.glob("*.py")}
    with_vector_ir = {name for name in names if plain_kernels._has_vector_ir(name)}
    assert {"tiles.py", "matmul.py", "conv_product.py", "winograd_dot.py"} <= with_vector_ir
    assert not with_vector_ir & {"elementwise.py", "softmax.py", "batch_norm.py", "reduce.py", "optimise.py"}


def test_lines_are_told_in_spans():
    assert plain_kernels._spans([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
