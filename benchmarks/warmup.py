"""How long compilation takes from an empty cache: the kernels of the course's ConvNet, and all of them.

    python benchmarks/warmup.py

Each row is a fresh process with an empty cache directory, imports included; the row for both dtypes adds float64 to
what the one for float32 has left there.
"""

import argparse
import os
import tempfile
from pathlib import Path

import results
from startup import FIRST_STEP, Times, run

WARMUP = "import minigrad as mg; mg.warmup(mg.{})"
STEP_GOAL, ALL_GOAL = 40, 240


def compile_in(cache: str, program: str) -> tuple[Times, int]:
    """What a program takes with this cache directory, and how many kernels are then there."""
    times = run(program, os.environ | {"MINIGRAD_CACHE_DIR": cache})
    return times, len(list(Path(cache).glob("*/*.bin")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    results.add_option(parser)
    options = parser.parse_args()
    columns = {"wall s": ".1f", "processor s": ".1f", "kernels": ".0f"}
    table = results.Table("Compilation", "from an empty cache", columns)
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as full:
        step, count = compile_in(small, FIRST_STEP.format(framework="minigrad"))
        table.add("course ConvNet, a step", *step, count)
        single, count = compile_in(full, WARMUP.format("float32"))
        table.add("all, float32", *single, count)
        double, count = compile_in(full, WARMUP.format("float64"))
        both = Times(*map(sum, zip(single, double, strict=True)))
        table.add("all, float32 and float64", *both, count)
    table.bound("seconds to compile all kernels of the course ConvNet", step.wall, STEP_GOAL)
    table.bound("seconds to compile all kernels, float32 and float64", both.wall, ALL_GOAL)
    table.finish(options.json)


if __name__ == "__main__":
    main()
