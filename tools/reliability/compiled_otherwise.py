"""The tests of kernels with kernels compiled otherwise: `python tools/reliability/compiled_otherwise.py --write`.

Bounds-checked, where an index outside of its array is an error; and with vector IR for 4, 8 and 16 numbers of float32.
Vector IR itself is not bounds-checked: tests/kernels surround each array with a guard that notices a write beside it.
Each way has a kernel cache of its own below build/.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree
from pathlib import Path
from typing import NamedTuple

from campaign import Campaign
from page import markdown_table

ROOT = Path(__file__).parents[2]
WAYS = {
    "bounds-checked": {"NUMBA_BOUNDSCHECK": "1"},
    "4 wide": {"MINIGRAD_SIMD_BITS": "128"},
    "8 wide": {"MINIGRAD_SIMD_BITS": "256"},
    "16 wide": {"MINIGRAD_SIMD_BITS": "512"},
}
TESTS = tuple(
    f"tests/kernels/test_{name}.py" for name in ("kernels", "conv_cpu", "index_cpu", "matmul_cpu", "winograd_cpu")
)
OUT_OF_BOUNDS = """
import numpy as np
from minigrad_kernels.cpu.compiler import kernel

@kernel("out T1")
def beyond(begin, end, worker, out):
    out[len(out)] = 1

beyond(0, 1, 0, np.zeros(8, np.float32)[:4])
"""


class Outcome(NamedTuple):
    """How a run of tests ended."""

    passed: int
    failed: list[str]
    skipped: int
    seconds: float


def run(folder: Path, tests: list[str], only: list[str]) -> tuple[str, list[str]]:
    """Each way; the section, and the tests that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    outcomes = {name: tested(name, WAYS[name], folder, tests or list(TESTS)) for name in only or WAYS}
    faults = [f"{name}: {test}" for name, outcome in outcomes.items() for test in outcome.failed]
    if "bounds-checked" in outcomes and not notices_an_index_out_of_bounds(folder):
        faults.append("bounds-checked: a kernel that writes beside its array is not noticed")
    rows: list[tuple[str, ...]] = [
        (name, f"{one.passed}", f"{len(one.failed)}", f"{one.skipped}", f"{one.seconds / 60:.1f}")
        for name, one in outcomes.items()
    ]
    return markdown_table(
        ("kernels", "tests passed", "failed", "skipped", "minutes, compilation included"), rows
    ), faults


def notices_an_index_out_of_bounds(folder: Path) -> bool:
    """Whether bounds are checked at all: a kernel that writes beside its array ends in an error."""
    source = folder / "beyond.py"
    source.write_text(OUT_OF_BOUNDS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(source)], env=environment(WAYS["bounds-checked"], folder), capture_output=True, text=True
    )
    return done.returncode != 0 and "IndexError" in done.stderr


def environment(settings: dict[str, str], folder: Path) -> dict[str, str]:
    """The variables of a process with a kernel cache of its own."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "kernels"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths, "MINIGRAD_CACHE_DIR": str(folder.absolute() / "cache"), **settings}


def tested(name: str, settings: dict[str, str], folder: Path, tests: list[str]) -> Outcome:
    """Run tests in a process with these variables."""
    report = folder.absolute() / f"{name}.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
    start = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment(settings, folder), capture_output=True, text=True)
    seconds = time.monotonic() - start
    if not report.exists():
        return Outcome(0, [f"pytest ended with {done.returncode}: {done.stdout[-2000:]}"], 0, seconds)
    cases = list(xml.etree.ElementTree.parse(report).getroot().iter("testcase"))
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    names = [f"{case.get('classname')}::{case.get('name')}" for case in failed]
    return Outcome(len(cases) - len(failed) - skipped, names, skipped, seconds)


if __name__ == "__main__":
    campaign = Campaign("compiled otherwise", __doc__)
    campaign.option("--folder", type=Path, default=ROOT / "build" / "reliability", help="for caches and reports")
    campaign.option("--only", nargs="*", choices=WAYS, default=[], help="the ways")
    campaign.option("--tests", nargs="*", default=[], help="other tests than those of kernels")
    sys.exit(campaign.main(run))
