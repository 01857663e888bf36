"""The CPU's kernels without vector IR as plain Python, with line coverage: `python tools/reliability/plain_kernels.py`.

As Python an index out of bounds is an error and an integer does not wrap around, and what no example reaches is seen.
Kernels that say with vector IR what a loop does cannot run so; `compiled_otherwise.py` runs those.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from campaign import Campaign
from hypothesis import reject
from page import markdown_table

ROOT = Path(__file__).parents[2]
CPU = ROOT / "kernels" / "minigrad_kernels" / "cpu"
# What compiles kernels and runs them in threads.
MACHINERY = {f"{name}.py" for name in ("atomics", "compiler", "helper", "sharing", "team", "threads")}


class Lines(NamedTuple):
    """The lines of a file that are code, and those that never ran."""

    total: int
    missing: list[int]


def run(examples: int) -> tuple[str, list[str]]:
    """Every kernel that can run as Python; the section, and what failed."""
    # Read when Numba is imported, which is later.
    os.environ |= {"NUMBA_DISABLE_JIT": "1", "MINIGRAD_NUM_THREADS": "1"}
    import coverage

    measured = coverage.Coverage(data_file=None, include=[f"{CPU}/*.py"], config_file=False)
    measured.start()
    try:
        for name in ("log", "sqrt"):  # compiled, they give NaN where Python's raise an error
            setattr(math, name, getattr(np, name))
        np.seterr(all="ignore")
        done, compiled_only, faults = _run_kernels(examples)
    finally:
        measured.stop()
    files = {path.name: _lines(measured, path) for path in sorted(CPU.glob("*.py"))}
    return _section(examples, done, compiled_only, files), faults


def _run_kernels(examples: int) -> tuple[list[str], list[str], list[str]]:
    """The kernels that ran, those that cannot, and what failed."""
    from examples_each import KERNELS, check_examples, properties, tables

    done, compiled_only, faults = [], [], []
    cases = {case.name: case for case in tables().TABLE}
    for name, (strategy, check) in properties()[KERNELS].items():
        try:
            check_examples(strategy, _as_compiled(check), examples)
            for sizes in cases[name].large:
                check(cases[name].build(np.random.default_rng(0), np.float64, **sizes))
        except NotImplementedError:  # of Numba's, for an intrinsic
            compiled_only.append(name)
        except Exception as error:
            faults.append(f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}")
        else:
            done.append(name)
    return done, compiled_only, faults


def _as_compiled(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """The check but for examples in which Python refuses to divide by zero: compiled, that is infinity or NaN."""

    def check_or_reject(example: Any) -> None:
        try:
            check(example)
        except ZeroDivisionError:
            reject()

    return check_or_reject


def _lines(measured: Any, path: Path) -> Lines:
    _, statements, _, missing, _ = measured.analysis2(str(path))
    return Lines(len(statements), missing)


def _section(examples: int, done: list[str], compiled_only: list[str], files: dict[str, Lines]) -> str:
    rows: list[tuple[str, ...]] = [
        (name, f"{total}", f"{100 * (total - len(missing)) / total:.1f} %", _spans(missing))
        for name, (total, missing) in files.items()
        if total and not _has_vector_ir(name)
    ]
    with_vector_ir = sorted(name for name in files if name not in MACHINERY and _has_vector_ir(name))
    return (
        f"{len(done)} kernels as plain Python, {examples} examples each and those of large arrays, against the "
        f"reference. Only compiled, as they have vector IR: {', '.join(compiled_only)}. Lines of the files:\n\n"
        + markdown_table(("file of cpu/", "lines", "run", "not run"), rows)
        + f"\n\nNot in the table, as they have vector IR or plan what has: {', '.join(with_vector_ir)}."
    )


def _has_vector_ir(name: str) -> bool:
    """Whether a file makes vector IR, or imports a file that does."""
    source = (CPU / name).read_text(encoding="utf-8")
    imported = {
        f"{module}.py" for module in re.findall(r"^from minigrad_kernels\.cpu\.(\w+) import", source, re.MULTILINE)
    }
    imported |= {
        f"{module.strip()}.py"
        for modules in re.findall(r"^from minigrad_kernels\.cpu import (.*)$", source, re.MULTILINE)
        for module in modules.split(",")
    }
    return name in MACHINERY or "intrinsic" in source or any(map(_has_vector_ir, imported - MACHINERY))


def _spans(numbers: list[int]) -> str:
    """1, 2, 3, 7 as '1-3, 7'."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


if __name__ == "__main__":
    campaign = Campaign("plain kernels", __doc__)
    campaign.option("--examples", type=int, default=100, help="of each kernel")
    sys.exit(campaign.main(run))
