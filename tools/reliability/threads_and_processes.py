"""Equal bits whoever computes: `python tools/reliability/threads_and_processes.py --write`.

A training is repeated with 1, 2 and 4 threads; in two Python threads at once; in a child forked after its parent has
trained, while the parent goes on; and in a spawned child. All must end with the same bits as the first.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from unittest import mock

from campaign import Campaign
from page import markdown_table
from small_training import trained

import minigrad as mg
from minigrad_kernels.cpu import team, threads

COUNTS = (1, 2, 4)
SEEDS = (0, 1)


def run(repeats: int, steps: int) -> tuple[str, list[str]]:
    """All ways; the section, and those that gave other bits."""
    mg.set_num_threads(1)
    alone = {seed: trained(steps, seed) for seed in SEEDS}
    ways: dict[str, Callable[[], list[str]]] = {
        **{f"{count} threads": partial(_with_threads, count, steps) for count in COUNTS},
        "4 threads, even the smallest work divided": partial(_all_divided, steps),
        "two Python threads at once": partial(_two_at_once, steps),
        "forked after training, and its parent": partial(_forked, steps),
        "spawned": lambda: [in_another_process(steps)],
    }
    rows: list[tuple[str, ...]] = []
    faults: list[str] = []
    for name, train in ways.items():
        other = count = 0
        for _ in range(repeats if name != "spawned" else min(repeats, 2)):  # it starts an interpreter
            ends = train()
            count += len(ends)
            other += sum(end != alone[seed] for seed, end in zip(SEEDS, ends, strict=False))
        rows.append((name, f"{count}", f"{other}"))
        faults += [f"{name}: {other} of {count} trainings gave other bits"] if other else []
    text = f"A ConvNet trained for {steps} steps, {repeats} times each way.\n\n"
    return text + markdown_table(("computed", "trainings", "other bits than the first"), rows), faults


def _with_threads(count: int, steps: int) -> list[str]:
    mg.set_num_threads(count)
    return [trained(steps)]


def _all_divided(steps: int) -> list[str]:
    with mock.patch.object(threads, "SHARE_NANOSECONDS", 1), mock.patch.object(team, "PART_NANOSECONDS", 1):
        return _with_threads(4, steps)


def _two_at_once(steps: int) -> list[str]:
    """The second thread trains another network."""
    mg.set_num_threads(2)
    barrier = Barrier(len(SEEDS))

    def train(seed: int) -> str:
        barrier.wait()
        return trained(steps, seed)

    with ThreadPoolExecutor(len(SEEDS)) as pool:
        return list(pool.map(train, SEEDS))


def _forked(steps: int) -> list[str]:
    """The child, whose threads are gone, trains the first network, and the parent, at the same time, the second."""
    mg.set_num_threads(2)
    trained(1)
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks is what is tried
        child = os.fork()
    if child == 0:
        try:
            os.write(writing, trained(steps, SEEDS[0]).encode())
        finally:
            os._exit(0)
    os.close(writing)
    parent = trained(steps, SEEDS[1])
    with os.fdopen(reading, "rb") as pipe:
        end = pipe.read().decode()
    os.waitpid(child, 0)
    return [end, parent]


def in_another_process(steps: int) -> str:
    """The training in a spawned process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(trained, (steps,))


if __name__ == "__main__":
    campaign = Campaign("threads and processes", __doc__)
    campaign.option("--repeats", type=int, default=20, help="of each way")
    campaign.option("--steps", type=int, default=5, help="of each training")
    sys.exit(campaign.main(run))
