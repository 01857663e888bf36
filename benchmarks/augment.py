"""What live augmentation costs a training step of the course's ConvNet.

    python benchmarks/augment.py --threads 2

Both sides train on batches of 100 images of 32x32, read by a `DataLoader` from bytes in memory and centred; one side's
are augmented too: crops padded by 4, reflections, and AlexNet's colours. The sides run in turns, an epoch of 20 steps
each; what is printed is the median over the rounds, per step, for each number of worker threads. The goal is a ratio
of at most 1.10.
"""

import argparse
import functools
from collections.abc import Callable

import peers

BATCH, STEPS = 100, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="threads that train")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="threads that read batches")
    parser.add_argument("--seconds", type=float, default=30.0, help="time for each row of the table")
    options = parser.parse_args()
    peers.limit_blas(options.threads)
    sides = prepare(options.threads)
    print(f"{peers.machine()}; {options.threads} threads train; medians of epochs of {STEPS} steps of {BATCH} images")
    print(
        f"workers {'wall ms':>8s} {'augmented':>9s} {'ratio':>6s} {'processor ms':>14s} {'augmented':>9s} {'ratio':>6s}"
    )
    for workers in options.workers:
        runs = {name: functools.partial(epoch, workers) for name, epoch in sides.items()}
        times = zip((8, 14), *peers.interleave(runs, options.seconds).values(), strict=True)
        cells = [f"{1e3 * a / STEPS:{width}.2f} {1e3 * b / STEPS:9.2f} {b / a:6.3f}" for width, a, b in times]
        print(f"{workers:<7d} {' '.join(cells)}", flush=True)


def prepare(threads: int) -> dict[str, Callable[[int], None]]:
    """The two sides, each a function that trains for an epoch with so many workers."""
    import numpy as np
    from networks import NETWORKS

    import minigrad as mg
    import minigrad.nn.functional as F
    from minigrad import data, nn, optim
    from minigrad.data.preprocess import ChannelMean

    mg.set_num_threads(threads)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (BATCH * STEPS, 3, 32, 32), np.uint8)
    dataset = data.ImageDataset(images, random.integers(0, 10, len(images)))
    plain = data.Preprocessed(dataset, ChannelMean().fit(dataset))
    colours = data.PCAColorJitter().fit(plain)
    augmented = data.Augmented(plain, data.RandomCrop(32, padding=4), data.RandomHorizontalFlip(), colours)

    def side(examples: data.Dataset) -> Callable[[int], None]:
        model = NETWORKS["course ConvNet"].build(nn)
        optimizer = optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

        def epoch(workers: int) -> None:
            for inputs, labels in data.DataLoader(examples, BATCH, shuffle=True, seed=0, num_workers=workers):
                loss = F.cross_entropy(model(inputs), labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

        return epoch

    return {"plain": side(plain), "augmented": side(augmented)}


if __name__ == "__main__":
    main()
