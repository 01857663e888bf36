"""Planted mutants: what changes a result is killed, what changes none survives, compiled or as plain Python."""

import json
import subprocess
import sys

import pytest

from tools.mutants.operators import Change
from tools.mutants.report import section
from tools.mutants.run import Verdict
from tools.mutants.session import Outcome
from tools.mutants.sites import KERNELS, ROOT, Mutant, dependents, runs_as_python

# In a process of its own: this one has imported what a session imports anew.
RUN = """
import json, sys
from pathlib import Path
from tools.mutants.operators import Change
from tools.mutants.session import BUILD, prepare, test
from tools.mutants.sites import Mutant, runs_as_python

BUILD.mkdir(parents=True, exist_ok=True)
prepare()
path, start, end, text, *tests = json.loads(sys.argv[1])
mutant = Mutant(path, Change("planted", start, end, text), 1, (), "")
print(json.dumps(test(mutant, tests, runs_as_python(path), 60, Path(sys.argv[2]))))
"""
SHAPES = "tests/kernels/test_shapes.py::test_same_padding_keeps_the_size"
DROPOUT = "tests/kernels/test_kernels.py::test_cpu_equals_reference[dropout.dropout]"
POOL = "tests/kernels/test_kernels.py::test_cpu_equals_reference[pool.max_pool2d_gather]"


@pytest.mark.parametrize(
    ("path", "before", "after", "test", "killed"),
    [
        (f"{KERNELS}/shapes.py", "total // 2", "total // 3", SHAPES, True),
        (f"{KERNELS}/shapes.py", "dilation * (kernel - 1)", "(kernel - 1) * dilation", SHAPES, False),
        (f"{KERNELS}/cpu/dropout.py", "x[i] * scale if", "x[i] + scale if", DROPOUT, True),
        (f"{KERNELS}/cpu/dropout.py", "x[i] * scale if", "scale * x[i] if", DROPOUT, False),
        (f"{KERNELS}/cpu/pool.py", "if place >= 0 else 0", "if place > 0 else 0", POOL, True),
        (f"{KERNELS}/cpu/pool.py", "if place >= 0 else 0", "if not place < 0 else 0", POOL, False),
        (f"{KERNELS}/cpu/pool.py", "if place >= 0 else 0", "if place.no >= 0 else 0", POOL, True),
    ],
)
def test_a_planted_mutant(path, before, after, test, killed, tmp_path):
    source = (ROOT / path).read_text(encoding="utf-8")
    start = source.encode().index(before.encode())
    planted = json.dumps([path, start, start + len(before), after, test])
    command = [sys.executable, "-c", RUN, planted, str(tmp_path / "log")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    outcome = Outcome(*json.loads(ended.stdout))
    assert outcome.killed == killed, (tmp_path / "log").read_text(encoding="utf-8")
    assert outcome.by == (test if killed else "")
    assert source == (ROOT / path).read_text(encoding="utf-8")


def test_kernels_that_a_file_is_part_of_are_compiled_anew():
    assert "minigrad_kernels.cpu.winograd_dot" in dependents(f"{KERNELS}/cpu/tiles.py")
    assert dependents(f"{KERNELS}/cpu/pool.py") == {"minigrad_kernels.cpu.pool"}
    assert runs_as_python(f"{KERNELS}/cpu/dropout.py")
    assert not runs_as_python(f"{KERNELS}/cpu/pool.py")


def test_the_page_shows_the_share_of_each_file_and_every_survivor():
    path = "minigrad/ops/pool.py"
    text = (ROOT / path).read_text(encoding="utf-8")
    start = text.index("None")
    change = Change("constant", start, start + 4, "0")
    mutant = Mutant(path, change, text[:start].count("\n") + 1, (), "")
    verdicts = [Verdict(mutant, Outcome(True, "a::b", 1, 0.1)), Verdict(mutant, Outcome(False, "", 7, 0.1))]
    shown = section(verdicts, 5, 2)
    assert "1 of 2, 50 %, were killed**:\n1 by a failing test, 0 while" in shown
    assert "| ops/pool.py | 2 | 1 | 50 % |" in shown
    assert f"ops/pool.py, line {mutant.line} (constant; 7 tests):\n\n    - {mutant.lines()[0]}" in shown
