"""What a second thread brings: steps with two threads over steps with one, by the clock on the wall.

    python benchmarks/scaling.py

The course's ConvNet at its batch is to gain; at batch 1 no network is to lose, for small work stays on one thread.
"""

import peers
import workers
from networks import NETWORKS
from results import Table

NETWORK, BOUND, SINGLE_BOUND = "course ConvNet", 0.6, 1.0


def main() -> None:
    options = peers.parser(__doc__.splitlines()[0], ()).parse_args()
    columns = {"ms, 1 thread": ".2f", "ms, 2 threads": ".2f", "ratio": ".2f"}
    table = Table("A second thread", "training steps, float32, wall time", columns)

    def measure(name: str, batch: int) -> float:
        sides = [workers.Side("minigrad", name, threads, batch=batch) for threads in (1, 2)]
        workers.take_turns(sides, options.seconds)
        one, two = (side.median("wall") for side in sides)
        table.add(f"{name}, batch {batch}", one * 1e3, two * 1e3, two / one)
        return two / one

    gain = measure(NETWORK, NETWORKS[NETWORK].batch)
    single = {name: measure(name, 1) for name in NETWORKS if options.only in name}
    table.bound(f"{NETWORK}: wall time of a step with 2 threads over that with 1", gain, BOUND)
    table.bound("the same at batch 1: largest of the networks", max(single.values()), SINGLE_BOUND)
    table.finish(options.json)


if __name__ == "__main__":
    main()
