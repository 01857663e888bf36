"""Whether time grows with the batch: the course's ConvNet at batch 512 against 64, for each image.

    python benchmarks/growth.py --threads 1

Both batches, in processes of their own, take turns.
"""

import peers
import workers
from results import Table, has_torch

NETWORK, BATCHES, BOUND = "course ConvNet", (64, 512), 1.25


def main() -> None:
    options = peers.parser(__doc__.splitlines()[0], ("torch",)).parse_args()
    key = peers.clock(options.threads)
    columns = {f"us, batch {batch}": ".1f" for batch in BATCHES} | {"ratio": ".2f"}
    table = Table(f"Growth of the {NETWORK}'s step", f"time for each image, {peers.how(options.threads)}", columns)
    for framework in ("minigrad", "torch")[: 1 + has_torch()]:
        sides = [workers.Side(framework, NETWORK, options.threads, batch=batch) for batch in BATCHES]
        workers.take_turns(sides, options.seconds)
        times = [side.median(key) / batch for side, batch in zip(sides, BATCHES, strict=True)]
        table.add(framework, *(time * 1e6 for time in times), times[1] / times[0])
    what = f"time for each image of the {NETWORK} at batch {BATCHES[1]} over that at {BATCHES[0]}"
    table.bound(what, table.rows[0][-1], BOUND)
    table.finish(options.json)


if __name__ == "__main__":
    main()
