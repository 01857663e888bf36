"""What the kernel benchmarks share: sides that are timed in turns, and the table of their ratios.

In every round each side runs once, so that a slow moment of the machine hits all of them; what is printed is the median
over the rounds. Compilation happens before the first round.
"""

import argparse
import importlib.util
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Run = Callable[[], object]


def parser(description: str, peers: Sequence[str]) -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--threads", type=int, default=1, help="threads for both sides")
    result.add_argument("--peer", choices=peers, action="append", help="compare with this one only; may be repeated")
    result.add_argument("--only", default="", help="only shapes whose name contains this")
    result.add_argument("--seconds", type=float, default=1.0, help="time for each row of the table")
    return result


def limit_blas(threads: int) -> None:
    """Set the threads of NumPy's BLAS; to be called before NumPy is imported."""
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)


def has_torch() -> bool:
    """Say whether PyTorch is installed."""
    return importlib.util.find_spec("torch") is not None


def tell_missing(options: argparse.Namespace, sides: Sequence[str]) -> None:
    """Print a line if PyTorch was to be compared with and is not installed."""
    if "torch" in (options.peer or sides) and not has_torch():
        print("PyTorch is not installed: no column for it")


def interleave(sides: Mapping[str, Run], seconds: float) -> dict[str, tuple[float, float]]:
    """Return each side's median wall and processor seconds over rounds in which every side runs once."""
    for run in sides.values():
        run()
        run()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[next(iter(times))]) < 7:
        for name, run in sides.items():
            wall, processor = time.perf_counter(), time.process_time()
            run()
            times[name].append((time.perf_counter() - wall, time.process_time() - processor))
    return {name: tuple(map(statistics.median, zip(*rounds, strict=True))) for name, rounds in times.items()}


def machine() -> str:
    """Name the processor and what runs on it."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = (line.partition(":") for line in information.read_text().splitlines())
        model = next((value.strip() for key, _, value in lines if key.strip() == "model name"), model)
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
