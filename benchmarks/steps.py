"""Training steps of whole networks against PyTorch: forward, softmax cross-entropy, backward, SGD with momentum.

    python benchmarks/steps.py --threads 1

Every side is a process of its own, and they are driven in turns. PyTorch runs in both memory formats and counts with
the faster one. Ratios are our time over theirs: below 1 we are faster.
"""

import peers
import workers
from networks import NETWORKS
from results import Table

MEAN, LARGEST, LOSSES = 0.70, 1.0, 1e-3


def main() -> None:
    options = peers.parser(__doc__.splitlines()[0], ("torch",)).parse_args()
    key = peers.clock(options.threads)
    table = Table(
        f"Training steps, {peers.threads(options.threads)}",
        f"{peers.how(options.threads)}, medians of blocks of {workers.BLOCK_STEPS} steps (fewer where a step is long)",
        {"ms": ".2f", "spread %": ".0f"},
        {"PyTorch ms": ".2f", "ratio": ".2f", "losses differ by": ".0e"},
    )
    ratios, differences = [], []
    for name, network in NETWORKS.items():
        if options.only not in name:
            continue
        ours = workers.Side("minigrad", name, options.threads)
        theirs = workers.pytorch(name, options.threads, len(network.image) == 3)
        workers.take_turns([ours, *theirs], options.seconds)
        row = [ours.median(key) * 1e3, ours.spread(key) * 100]
        if theirs:
            best = min(theirs, key=lambda side: side.median(key))
            ratios.append(ours.median(key) / best.median(key))
            differences.append(abs(ours.loss - best.loss) / best.loss)
            row += [best.median(key) * 1e3, ratios[-1], differences[-1]]
        table.add(name, *row)
    what = f"training steps, {peers.how(options.threads)}, over PyTorch's"
    table.bound_ratios(what, ratios, MEAN, LARGEST)
    if differences:
        table.bound(f"losses after {workers.FIRST_STEPS} steps: largest relative difference", max(differences), LOSSES)
    table.finish(options.json)


if __name__ == "__main__":
    main()
