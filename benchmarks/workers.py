"""Processes that train, driven in turns: a block of steps each, so that neither's caches or waiting threads tax others.

The first blocks, in which kernels are compiled or loaded and memory is taken, are not timed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from results import has_torch

BLOCK_STEPS, BLOCK_SECONDS = 10, 0.05
FIRST_STEPS = 3


class Side:
    """A worker process, and what a step took in each of its blocks."""

    def __init__(
        self, framework: str, network: str, threads: int, channels_last: bool = False, batch: int | None = None
    ) -> None:
        limits = {f"{library}_NUM_THREADS": str(threads) for library in ("OPENBLAS", "MKL", "OMP", "MINIGRAD")}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("step_worker.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | limits,
        )  # fmt: skip
        settings = {"framework": framework, "network": network, "threads": threads, "channels_last": channels_last}
        self._send(settings | {"batch": batch})
        self.blocks: list[dict[str, float]] = []
        # Its losses without dropout, from the given weights, can be compared; a bystander compiles there as well.
        self.loss = self.run(FIRST_STEPS, dropout=False)["loss"]
        first = self.run(1)["wall"]
        self._step = min(first, self.run(1)["wall"])

    def _send(self, request: Any) -> None:
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)

    def run(self, steps: int, dropout: bool = True) -> dict[str, float]:
        assert self._process.stdout is not None
        self._send({"steps": steps, "dropout": dropout})
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer | {key: answer[key] / steps for key in ("wall", "processor", "faults")}

    def block_steps(self, seconds: float) -> int:
        """Ten, or more where they are quick, or fewer where they would leave no time for several blocks."""
        return max(1, min(int(seconds / 8 / self._step), max(BLOCK_STEPS, int(BLOCK_SECONDS / self._step))))

    def block_seconds(self, seconds: float) -> float:
        return self.block_steps(seconds) * self._step

    def median(self, key: str) -> float:
        return median(block[key] for block in self.blocks)

    def spread(self, key: str) -> float:
        """The range of the middle half of the blocks, over the median."""
        low, middle, high = quantiles(block[key] for block in self.blocks)
        return (high - low) / middle

    def close(self) -> None:
        self._process.communicate()


def take_turns(sides: Sequence[Side], seconds: float) -> None:
    """Run at least five blocks of every side, and end them."""
    for _ in range(max(5, int(seconds / sum(side.block_seconds(seconds) for side in sides)))):
        for side in sides:
            side.blocks.append(side.run(side.block_steps(seconds)))
    for side in sides:
        side.close()


def pytorch(network: str, threads: int, is_image: bool) -> list[Side]:
    """PyTorch in its memory formats: it counts with the better one. Nothing if it is not installed."""
    return [Side("torch", network, threads, last) for last in (False, True)[: 1 + is_image]] if has_torch() else []
