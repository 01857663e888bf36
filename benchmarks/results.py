"""The table of a benchmark: printed row by row while it is measured, and kept as JSON for `report.py`.

With it go the bounds that its figures are to keep, the machine, the versions, and how much of the processors' time
other programs took meanwhile.
"""

import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PACKAGES = ("minigrad", "numpy", "numba", "llvmlite", "torch")


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, help="keep the table in this file, too")


def has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def geometric_mean(ratios: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def machine() -> str:
    """Name the processor, its cores and the system."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = (line.partition(":") for line in information.read_text().splitlines())
        model = next((value.strip() for key, _, value in lines if key.strip() == "model name"), model)
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"


def versions() -> dict[str, str]:
    """Versions of Python and of what is installed of the packages that are compared."""
    found = {"Python": platform.python_version()}
    for package in PACKAGES:
        if importlib.util.find_spec(package):
            found[package] = importlib.metadata.version(package)
    return found


class Table:
    """Rows of a name and numbers; the columns in `compared` need PyTorch, and are left out without it."""

    def __init__(
        self, title: str, how: str, columns: Mapping[str, str], compared: Mapping[str, str] | None = None
    ) -> None:
        self.title = title
        self.how = how
        self.columns = {**columns, **((compared or {}) if has_torch() else {})}
        self.rows: list[tuple[Any, ...]] = []
        self.bounds: list[tuple[str, float, float]] = []
        self._began = time.perf_counter(), _busy_seconds(), _own_seconds()
        print(f"{machine()}; {', '.join(map(' '.join, versions().items()))}\n{title}: {how}")
        if compared and not has_torch():
            print("PyTorch is not installed: no columns for it")
        print(" " * 44, *(f"{head:>12s}" for head in self.columns))

    def add(self, name: str, *numbers: float) -> None:
        """Add a row; without PyTorch, its numbers end earlier."""
        self.rows.append((name, *numbers))
        cells = [format(number, style) for number, style in zip(numbers, self.columns.values(), strict=True)]
        print(
            f"{name:44s}",
            *(f"{cell:>{max(12, len(head))}s}" for cell, head in zip(cells, self.columns, strict=True)),
            flush=True,
        )

    def bound(self, what: str, found: float, at_most: float) -> None:
        """State a figure, and what it is to be at most."""
        self.bounds.append((what, found, at_most))
        print(f"{what}: {found:.3g}, to be at most {at_most:g}")

    def bound_ratios(self, what: str, ratios: Sequence[float], mean: float, largest: float) -> None:
        """Two bounds: of the geometric mean, and of the largest one."""
        if ratios:
            self.bound(f"{what}: geometric mean", geometric_mean(ratios), mean)
            self.bound(f"{what}: largest", max(ratios), largest)

    def finish(self, path: Path | None) -> None:
        """Print how busy others were, and keep everything."""
        others = self._others()
        if others is not None:
            print(f"other programs took {others:.0%} of the processors' time meanwhile")
        if path is None:
            return
        kept = {name: getattr(self, name) for name in ("title", "how", "columns", "rows", "bounds")}
        facts = {"machine": machine(), "versions": versions(), "date": str(datetime.date.today()), "others": others}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(kept | facts, indent=1), encoding="utf-8")

    def _others(self) -> float | None:
        began, busy, own = self._began
        busy = _busy_seconds() - busy
        seconds = (time.perf_counter() - began) * (os.cpu_count() or 1)
        return max(0.0, busy - (_own_seconds() - own)) / seconds if busy else None


def _busy_seconds() -> float:
    """Processor time that all programs and the hypervisor have taken, where Linux tells it; otherwise 0."""
    table = Path("/proc/stat")
    if not table.exists():
        return 0.0
    user, nice, system, _idle, _waiting, *others = map(int, table.read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    return sum(os.times()[:4])
