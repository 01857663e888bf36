"""How long a program takes to get going, in fresh processes whose files the system has in memory.

    python benchmarks/startup.py

Two things: the processor time of `import minigrad` over that of `import numpy`, at most 0.25 s; and the time from the
start of a process to the end of the first training step of the course's ConvNet, kernels being in the cache, at most
1.5 s. PyTorch's figures stand beside ours where it can be imported. The sides take turns, and all figures are medians;
the first round, which fills the caches, is not counted. With --check the exit status is 1 if a goal is missed.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple

import results

GOALS = {"import": 0.25, "first step": 1.5}

FIRST_STEP = """
import importlib
from networks import NETWORKS
from step_worker import step_of
step_of(importlib.import_module("{framework}"), NETWORKS["course ConvNet"], {{"channels_last": False}})().item()
"""


class Times(NamedTuple):
    """Seconds by the clock on the wall, and of the processor."""

    wall: float
    processor: float


def run(program: str, environment: Mapping[str, str] = os.environ) -> Times:
    """Run a program in a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parent, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"this program failed:\n{program}")
    return Times(wall, usage.ru_utime + usage.ru_stime)


def medians(programs: dict[str, str], repeats: int) -> dict[str, Times]:
    """The programs in turns, so that a slow moment of the machine hits all of them."""
    rounds = [{name: run(program) for name, program in programs.items()} for _ in range(repeats + 1)][1:]
    return {name: Times(*map(median, zip(*(one[name] for one in rounds), strict=True))) for name in programs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=11, help="processes of each kind (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a goal is missed")
    results.add_option(parser)
    options = parser.parse_args()
    frameworks = ["minigrad", "torch"][: 1 + results.has_torch()]
    programs = {f"import {name}": f"import {name}" for name in ("numpy", *frameworks)}
    programs |= {f"first step, {name}": FIRST_STEP.format(framework=name) for name in frameworks}

    how = f"of a process of its own, kernels in the cache; medians of {options.repeats}"
    table = results.Table("Start", how, {"wall s": ".2f", "processor s": ".2f"})
    times = medians(programs, options.repeats)
    for name, found in times.items():
        table.add(name, *found)
    import_seconds = times["import minigrad"].processor - times["import numpy"].processor
    table.bound("import minigrad over import numpy, s of the processor", import_seconds, GOALS["import"])
    first = times["first step, minigrad"].wall
    table.bound("from the start of a process to the end of the first step, s", first, GOALS["first step"])
    table.finish(options.json)
    sys.exit(options.check and any(found > goal for _, found, goal in table.bounds))


if __name__ == "__main__":
    main()
