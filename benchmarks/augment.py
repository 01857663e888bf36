"""What live augmentation costs a training step of the course's ConvNet.

    python benchmarks/augment.py --threads 2

Both sides train on batches of 100 images of 32x32, read by a `DataLoader` from bytes in memory and centred; one side's
are augmented too: crops padded by 4, reflections, and AlexNet's colours. The sides run in turns, an epoch each; what
counts is the median over the rounds, per step, for each number of worker threads.
"""

import argparse
import functools
from collections.abc import Callable

import peers
from results import Table, add_option

BATCH, BOUND = 100, 1.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1, help="threads that train")
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="threads that read batches")
    parser.add_argument("--seconds", type=float, default=15.0, help="time for each row of the table")
    parser.add_argument("--steps", type=int, default=20, help="training steps in an epoch")
    add_option(parser)
    options = parser.parse_args()
    peers.limit_blas(options.threads)
    sides = prepare(options.threads, options.steps)
    heads = ("wall ms", "augmented", "ratio", "processor ms", "its augmented", "its ratio")
    table = Table(
        f"Live augmentation, {peers.threads(options.threads)}",
        f"training steps, float32, medians of epochs of {options.steps} steps of {BATCH} images",
        dict(zip(heads, (".2f", ".2f", ".3f") * 2, strict=True)),
    )
    ratios = []
    for workers in options.workers:
        runs = {name: functools.partial(epoch, workers) for name, epoch in sides.items()}
        plain, augmented = peers.interleave(runs, options.seconds).values()
        pairs = [(plain[clock], augmented[clock]) for clock in ("wall", "processor")]
        cells = [(1e3 * a / options.steps, 1e3 * b / options.steps, b / a) for a, b in pairs]
        table.add(f"{workers} workers", *cells[0], *cells[1])
        ratios.append(cells[0][2])
    table.bound("wall time of a step with augmentation over one without: largest", max(ratios), BOUND)
    table.finish(options.json)


def prepare(threads: int, steps: int) -> dict[str, Callable[[int], None]]:
    """The two sides, each a function that trains for an epoch with so many workers."""
    import numpy as np
    from networks import NETWORKS

    import minigrad as mg
    import minigrad.nn.functional as F
    from minigrad import data, nn, optim
    from minigrad.data.preprocess import ChannelMean

    mg.set_num_threads(threads)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (BATCH * steps, 3, 32, 32), np.uint8)
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
