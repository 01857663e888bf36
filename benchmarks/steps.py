"""Training steps of whole networks against PyTorch: forward, softmax cross-entropy, backward, SGD with momentum.

    python benchmarks/steps.py --threads 1

Every side is a process of its own, and they are driven in turns, a block of steps each, so that neither's caches or
waiting threads tax the other. PyTorch runs in both memory formats and counts with the faster one. The first block, in
which kernels are compiled or loaded, is not timed. Ratios are our time over theirs: below 1 we are faster.
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import peers
from networks import NETWORKS

BLOCK = 10


class Side:
    """A worker process, and the seconds a step took in each of its blocks."""

    def __init__(self, framework: str, network: str, threads: int, channels_last: bool = False) -> None:
        limits = {f"{library}_NUM_THREADS": str(threads) for library in ("OPENBLAS", "MKL", "OMP", "MINIGRAD")}
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("step_worker.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | limits,
        )  # fmt: skip
        settings = {"framework": framework, "network": network, "threads": threads, "channels_last": channels_last}
        self._send(settings | {"without_dropout": False})
        self.blocks: list[dict[str, Any]] = []

    def _send(self, request: Any) -> None:
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)

    def run(self, steps: int) -> dict[str, Any]:
        assert self._process.stdout is not None
        self._send(steps)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer | {key: answer[key] / steps for key in ("wall", "processor")}

    def seconds(self, key: str) -> float:
        return median(block[key] for block in self.blocks)

    def close(self) -> None:
        self._process.communicate()


def compare(name: str, threads: int, seconds: float, with_torch: bool) -> tuple[Side, list[Side]]:
    """Our side and PyTorch's two, each with its blocks."""
    ours = Side("minigrad", name, threads)
    theirs = [Side("torch", name, threads, last) for last in (False, True)[: 1 + (len(NETWORKS[name].image) == 3)]]
    sides = [ours, *(theirs if with_torch else [])]
    first = [side.run(2) for side in sides]
    slowest = max(answer["wall"] for answer in first)
    steps = max(1, min(BLOCK, int(seconds / 8 / slowest)))
    for _ in range(max(5, int(seconds / (steps * slowest * len(sides))))):
        for side in sides:
            side.blocks.append(side.run(steps))
    for side in (ours, *theirs):
        side.close()
    return ours, theirs if with_torch else []


def main() -> None:
    parser = peers.parser(__doc__.splitlines()[0], ("torch",))
    options = parser.parse_args()
    with_torch = peers.has_torch()
    key = "processor" if options.threads == 1 else "wall"
    print(f"{peers.machine()}; {options.threads} threads, float32, medians of blocks of at most {BLOCK} steps")
    print(f"compared: {'processor' if options.threads == 1 else 'wall'} time")
    peers.tell_missing(options, ("torch",))
    print(f"{'':18s} {'ms':>9s} {'torch ms':>9s} {'ratio':>6s} {'losses differ by':>17s} {'MB':>6s} {'torch MB':>9s}")
    ratios = []
    for name in NETWORKS:
        if options.only not in name:
            continue
        ours, theirs = compare(name, options.threads, options.seconds, with_torch)
        row = f"{name:18s} {ours.seconds(key) * 1e3:9.2f}"
        if theirs:
            best = min(theirs, key=lambda side: side.seconds(key))
            ratios.append(ours.seconds(key) / best.seconds(key))
            losses = [side.blocks[0]["loss"] for side in (ours, best)]
            row += f" {best.seconds(key) * 1e3:9.2f} {ratios[-1]:6.2f} {abs(losses[0] - losses[1]) / losses[1]:17.1e}"
            row += "".join(f" {side.blocks[-1]['peak'] / 1e6:{width}.0f}" for side, width in ((ours, 6), (best, 9)))
        print(row, flush=True)
    if ratios:
        print(f"geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}, largest {max(ratios):.2f}")


if __name__ == "__main__":
    main()
