"""What the benchmarks of kernels and ops share: sides that are timed in turns.

In every round each side runs once, so that a slow moment of the machine hits all of them; what counts is the median
over the rounds. Compilation happens before the first round.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import results

Run = Callable[[], object]


def parser(description: str, peers: Sequence[str]) -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--threads", type=int, default=1, help="threads for both sides")
    result.add_argument("--peer", choices=peers, action="append", help="compare with this one only; may be repeated")
    result.add_argument("--only", default="", help="only rows whose name contains this")
    result.add_argument("--seconds", type=float, default=1.0, help="time for each row of the table")
    results.add_option(result)
    return result


def clock(threads: int) -> str:
    """One thread is measured by its processor time, which other programs tax least; several by the wall's clock."""
    return "processor" if threads == 1 else "wall"


def threads(count: int) -> str:
    return f"{count} thread{'s' * (count > 1)}"


def how(count: int) -> str:
    """Say what is compared."""
    return f"float32, {threads(count)}, {clock(count)} time"


def limit_blas(threads: int) -> None:
    """Set the threads of NumPy's BLAS; to be called before NumPy is imported."""
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ[f"{library}_NUM_THREADS"] = str(threads)


def interleave(sides: Mapping[str, Run], seconds: float) -> dict[str, dict[str, float]]:
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
    medians = {name: map(statistics.median, zip(*rounds, strict=True)) for name, rounds in times.items()}
    return {name: dict(zip(("wall", "processor"), found, strict=True)) for name, found in medians.items()}
