"""Microseconds per recorded op, forward and backward, on arrays so small that the engine's own work is what counts.

    python benchmarks/engine.py

Each row is a chain of 1,000 calls, recorded and then run backward: the median of its repeats, per call. Imports and
compilation come before the clock starts; the garbage collector is on, as in training. The goal is below 6 forward and
below 8 backward. PyTorch's figures stand beside ours where it can be imported.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any, NamedTuple

import numba
import numpy as np

import minigrad as mg

LENGTH = 1_000
SHAPE = (4, 4)

# A call of a chain takes the chain's tensor, a constant c and a weight w, all float32[4, 4]; w learns, and so does x.
CALLS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "x + c": lambda x, c, w: x + c,
    "x + w": lambda x, c, w: x + w,
    "x * w": lambda x, c, w: x * w,
    "x * 0.5": lambda x, c, w: x * 0.5,
    "x.relu()": lambda x, c, w: x.relu(),
    "x.tanh()": lambda x, c, w: x.tanh(),
    "x @ c": lambda x, c, w: x @ c,
    "x @ w": lambda x, c, w: x @ w,
    "x.T": lambda x, c, w: x.T,
    "x.reshape(2, -1)": lambda x, c, w: x.reshape(2, -1) if x.shape[0] == 4 else x.reshape(4, -1),
    "x.sum(0, keepdim=True)": lambda x, c, w: x.sum(0, keepdim=True),
}


class Time(NamedTuple):
    """Microseconds per call, as the clock on the wall and the processor's count them."""

    wall: float
    cpu: float


class Row(NamedTuple):
    forward: Time
    backward: Time


def pytorch() -> ModuleType | None:
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


def clocked(work: Callable[[], Any]) -> tuple[Any, Time]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return result, Time(wall / LENGTH * 1e6, cpu / LENGTH * 1e6)


def chain(call: Callable[[Any, Any, Any], Any], x: Any, c: Any, w: Any) -> Any:
    for _ in range(LENGTH):
        x = call(x, c, w)
    return x


def once(framework: ModuleType, call: Callable[[Any, Any, Any], Any]) -> Row:
    """Record a chain and run it backward."""
    values = np.full(SHAPE, 0.25, np.float32)
    x, w = [framework.tensor(values, requires_grad=True) for _ in range(2)]
    c = framework.tensor(values)
    gc.collect()
    out, forward = clocked(lambda: chain(call, x, c, w))
    seed = framework.ones_like(out)
    _, backward = clocked(lambda: out.backward(seed))
    return Row(forward, backward)


def measure(framework: ModuleType, call: Callable[[Any, Any, Any], Any], repeats: int) -> Row:
    once(framework, call)
    rows = [once(framework, call) for _ in range(repeats)]
    return Row(*[Time(*map(median, zip(*times, strict=True))) for times in zip(*rows, strict=True)])


def processor() -> str:
    """The processor's model, which Linux tells in a file and other systems through `platform`."""
    table = Path("/proc/cpuinfo")
    lines = table.read_text().splitlines() if table.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0]}, {len(models)} cores" if models else platform.processor()


def report(repeats: int) -> Iterator[str]:
    torch = pytorch()
    frameworks = [mg] if torch is None else [mg, torch]
    versions = [f"{module.__name__} {module.__version__}" for module in (*frameworks, np, numba)]
    yield f"{processor()}; Python {platform.python_version()}, {', '.join(versions)}"
    yield f"microseconds per call: wall (CPU); median of {repeats} chains of {LENGTH:,} calls"
    if torch is None:
        yield "PyTorch cannot be imported and is left out"
    heads = [f"{module.__name__} {way}" for module in frameworks for way in ("forward", "backward")]
    yield "".join([f"{'':24}", *(f"{head:>20}" for head in heads)])
    for name, call in CALLS.items():
        times = [found for module in frameworks for found in measure(module, call, repeats)]
        yield "".join([f"{name:24}", *(f"{f'{found.wall:.2f} ({found.cpu:.2f})':>20}" for found in times)])


def main() -> None:
    parser = argparse.ArgumentParser(description="Microseconds per recorded op.")
    parser.add_argument("--repeats", type=int, default=15, help="chains per row (default: %(default)s)")
    for line in report(parser.parse_args().repeats):
        print(line, flush=True)


if __name__ == "__main__":
    main()
