"""Large graphs and long trainings: `python tools/reliability/endurance.py --write`.

Graphs of 100,000 nodes are made, gone back through, and dropped, by reference counts alone; and the memory of a small
training of 10,000 steps has to settle, and then to stay.
"""

from __future__ import annotations

import gc
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from campaign import Campaign
from page import markdown_table

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.backends.pool import own_pool

STATUS = Path("/proc/self/statm")
PAGE_BYTES = 4096
MOST_WARMUP = 2**22  # bytes from the first look on: what allocators keep settles in the first steps
MOST_GROWTH = 2**18  # bytes in the second half


class Graph(NamedTuple):
    """What was measured of a graph."""

    nodes: int
    forward: float
    backward: float
    drop: float
    fault: str


def chain(x: mg.Tensor, nodes: int) -> mg.Tensor:
    """Each node's input is the one before."""
    y = x
    for _ in range(nodes):
        y = y * 1.0
    return y


def fan(x: mg.Tensor, nodes: int) -> mg.Tensor:
    """One input of all nodes, whose sum is taken at once."""
    return mg.stack([x * 1.0 for _ in range(nodes - 1)]).sum() / float(nodes - 1)


def tree(x: mg.Tensor, nodes: int) -> mg.Tensor:
    """Sums of two, of two, of two."""
    level = [x * 1.0 for _ in range((nodes + 1) // 2)]
    count = len(level)
    while len(level) > 1:
        rest = level[len(level) // 2 * 2 :]
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=False)] + rest
    return level[0] / float(count)


def ladder(x: mg.Tensor, nodes: int) -> mg.Tensor:
    """Each node has the one before as both of its inputs: 2**nodes paths."""
    y = x
    for _ in range(nodes):
        y = y.maximum(y)
    return y


GRAPHS: dict[str, Callable[[mg.Tensor, int], mg.Tensor]] = {"chain": chain, "fan": fan, "tree": tree, "ladder": ladder}


def measured(make: Callable[[mg.Tensor, int], mg.Tensor], nodes: int) -> Graph:
    """Make a graph whose gradient is 1, go back through it, and drop it; the collector is off."""
    gc.collect()
    gc.disable()
    try:
        x = mg.tensor(1.0, dtype=mg.float64, requires_grad=True)
        begin = time.perf_counter()
        y = make(x, nodes)
        forward = time.perf_counter()
        y.backward(retain_graph=True)
        backward = time.perf_counter()
        last = weakref.ref(y.node)
        del y
        drop = time.perf_counter()
        fault = "" if last() is None else "the graph outlives its last tensor"
        if x.grad is None or abs(x.grad.item() - 1) > 1e-9:
            fault = f"the gradient is {x.grad}, not 1"
        return Graph(nodes, forward - begin, backward - forward, drop - backward, fault)
    finally:
        gc.enable()


def resident() -> int:
    """Bytes of this process that are in memory; 0 where the system does not say."""
    return int(STATUS.read_text().split()[1]) * PAGE_BYTES if STATUS.exists() else 0


class Memory(NamedTuple):
    """What was held after so many steps."""

    step: int
    resident: int
    pool: int
    objects: int


def training(steps: int, looks: int) -> list[Memory]:
    """Train a small network, and look at the memory so many times, evenly."""
    mg.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    rng = np.random.default_rng(0)
    images = mg.from_numpy(rng.standard_normal((32, 1, 8, 8)).astype(np.float32))
    labels = mg.from_numpy(rng.integers(0, 10, 32))
    found = []
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()
        if step % (steps // looks) == 0:
            gc.collect()
            found.append(Memory(step, resident(), own_pool().held, len(gc.get_objects())))
    return found


def leaks(memory: list[Memory]) -> list[str]:
    """What grew after the first look, or in the second half."""
    first, middle, last = memory[0], memory[(len(memory) - 1) // 2], memory[-1]
    faults = []
    if last.resident > min(first.resident + MOST_WARMUP, middle.resident + MOST_GROWTH):
        faults.append(f"memory grew from {first.resident:,} over {middle.resident:,} to {last.resident:,} bytes")
    if last.pool > first.pool:
        faults.append(f"the pool grew from {first.pool:,} to {last.pool:,} bytes")
    if last.objects > first.objects + 100:  # the list of looks is among them
        faults.append(f"objects grew from {first.objects:,} to {last.objects:,}")
    return faults


def run(nodes: int, steps: int) -> tuple[str, list[str]]:
    """Both; the section, and what was wrong."""
    graphs = {name: measured(make, nodes) for name, make in GRAPHS.items()}
    memory = training(steps, 10)
    rows: list[tuple[str, ...]] = [
        (name, f"{one.nodes:,}", f"{one.forward:.2f}", f"{one.backward:.2f}", f"{one.drop:.2f}")
        for name, one in graphs.items()
    ]
    held: list[tuple[str, ...]] = [
        (f"{one.step:,}", f"{one.resident / 2**20:.1f}", f"{one.pool:,}", f"{one.objects:,}") for one in memory
    ]
    text = (
        markdown_table(("graph", "nodes", "forward, s", "backward, s", "drop, s"), rows)
        + "\n\nThe training:\n\n"
        + markdown_table(("steps", "resident, MiB", "pool, bytes", "objects"), held, right=0)
    )
    return text, [f"{name}: {one.fault}" for name, one in graphs.items() if one.fault] + leaks(memory)


if __name__ == "__main__":
    campaign = Campaign("endurance", __doc__)
    campaign.option("--nodes", type=int, default=100_000, help="of each graph")
    campaign.option("--steps", type=int, default=10_000, help="of the training")
    sys.exit(campaign.main(run))
