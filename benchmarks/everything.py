"""Run all benchmarks, one after the other, and keep their tables in a folder, for `report.py`.

    python benchmarks/everything.py build/bench

The last one draws the picture of docs/performance.md, too.
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNS = {
    "steps-1": ("steps.py", "--threads=1", "--seconds=6"),
    "steps-2": ("steps.py", "--threads=2", "--seconds=6"),
    "conv": ("conv.py", "--peer=torch"),
    "ops": ("ops.py", "--seconds=1.5"),
    "matmul": ("matmul.py", "--peer=torch", "--seconds=0.5"),
    "growth": ("growth.py", "--seconds=6"),
    "scaling": ("scaling.py", "--seconds=4"),
    "memory": ("memory.py", "--seconds=1"),
    "augment": ("augment.py", "--threads=2", "--seconds=6"),
    "engine": ("engine.py", "--repeats=7"),
    "startup": ("startup.py", "--repeats=5"),
    "warmup": ("warmup.py",),
    "roofline": ("roofline.py", "--picture=docs/pictures/roofline.png"),
}


def main() -> None:
    folder = Path(sys.argv[1]).absolute()
    for name, (script, *arguments) in RUNS.items():
        start = time.perf_counter()
        path = Path(__file__).with_name(script)
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, path, *arguments, "--json", folder / f"{name}.json"], cwd=ROOT, check=True)
        print(f"{name} took {time.perf_counter() - start:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
