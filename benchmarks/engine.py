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
import time
from collections.abc import Callable
from statistics import median
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import results

import minigrad as mg

LENGTH = 1_000
SHAPE = (4, 4)
GOALS = (6, 8)

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


class Row(NamedTuple):
    """Microseconds of the processor for each call."""

    forward: float
    backward: float


def pytorch() -> ModuleType | None:
    try:
        return importlib.import_module("torch")
    except ImportError:
        return None


def clocked(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    result = work()
    return result, (time.process_time() - start) / LENGTH * 1e6


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
    return Row(*map(median, zip(*rows, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description="Microseconds per recorded op.")
    parser.add_argument("--repeats", type=int, default=15, help="chains per row (default: %(default)s)")
    results.add_option(parser)
    options = parser.parse_args()
    torch = pytorch()
    frameworks = [mg] if torch is None else [mg, torch]
    ways = Row._fields
    table = results.Table(
        "The engine's own work",
        f"processor time of an op on float32{list(SHAPE)}, median of {options.repeats} chains of {LENGTH:,} calls",
        {f"us {way}": ".2f" for way in ways},
        {f"PyTorch us {way}": ".2f" for way in ways},
    )
    rows = []
    for name, call in CALLS.items():
        found = [time for module in frameworks for time in measure(module, call, options.repeats)]
        table.add(name, *found)
        rows.append(found)
    for way, times, goal in zip(ways, zip(*rows, strict=True), GOALS, strict=False):
        table.bound(f"microseconds of a recorded op, {way}: largest", max(times), goal)
    table.finish(options.json)


if __name__ == "__main__":
    main()
