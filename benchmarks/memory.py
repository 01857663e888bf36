"""Peak memory of training against PyTorch's, and page faults of a steady step.

    python benchmarks/memory.py --threads 1

The peak is the process's, with all that it has imported; the second ratio leaves out what was there after the imports.
PyTorch counts with the better of its two memory formats.
"""

import peers
import workers
from results import Table

NETWORKS, BOUND = ("VGG-16 body 32px", "AlexNet 2012"), 1.0


def main() -> None:
    options = peers.parser(__doc__.splitlines()[0], ("torch",)).parse_args()
    table = Table(
        "Memory",
        f"training steps, float32, {peers.threads(options.threads)}: peak of the process, page faults of a step",
        {"peak MB": ".0f", "page faults": ".0f"},
        {"PyTorch MB": ".0f", "PyTorch page faults": ".0f", "ratio": ".2f", "ratio without imports": ".2f"},
    )
    ratios: dict[str, float] = {}
    for name in filter(lambda name: options.only in name, NETWORKS):
        ours, theirs = workers.Side("minigrad", name, options.threads), workers.pytorch(name, options.threads, True)
        workers.take_turns([ours, *theirs], options.seconds)
        best = min(theirs, key=lambda side: side.blocks[-1]["peak"], default=None)
        sides = [side for side in (ours, best) if side]
        row = [number for side in sides for number in (side.blocks[-1]["peak"] / 1e6, side.median("faults"))]
        if best:
            ratio = ours.blocks[-1]["peak"] / best.blocks[-1]["peak"]
            grown, theirs_grown = (side.blocks[-1]["peak"] - side.blocks[-1]["imported"] for side in sides)
            row += [ratio, grown / theirs_grown]
            ratios[name] = ratio
        table.add(name, *row)
    for name, ratio in ratios.items():
        table.bound(f"peak memory of {name}, over PyTorch's", ratio, BOUND)
    table.finish(options.json)


if __name__ == "__main__":
    main()
