"""A small search, in a process of its own: ``searches.py FOLDER wait|stop``.

With "wait" its first run goes on when there is a file FOLDER-go, with "stop" its third run never does. It prints the
seed of each run that it begins.
"""

import sys
import time
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.data import ArrayDataset
from minigrad.train import SearchResult, search


def blobs(length, seed):
    """Two clouds of points."""
    rng = np.random.default_rng(seed)
    labels = np.arange(length) % 2
    points = rng.standard_normal((length, 3)).astype(np.float32) + (labels[:, None] * 2 - 1).astype(np.float32)
    return ArrayDataset(points, labels)


TRAIN, VALIDATION = blobs(40, seed=0), blobs(20, seed=1)
STAGES = ((3, 1), (2, 1))


def build():
    return nn.Linear(3, 2)


def searched(model=build, stages=STAGES, **options):
    """Without a pruner every run is a function of its number."""
    settings = {"lr": (1e-4, 1.0), "batch_size": 10, "pruner": "none", "progress": False, "warn": lambda _: None}
    return search(model, TRAIN, VALIDATION, stages=stages, **settings | options)


def main():
    folder, way = Path(sys.argv[1]), sys.argv[2]
    begun = []

    def model():
        begun.append(mg.random.initial_seed())
        if len(begun) > 1:  # the first network is built to see whether it can be
            print(begun[-1], flush=True)
        if way == "wait" and len(begun) == 2:
            while not folder.with_name(f"{folder.name}-go").exists():
                time.sleep(0.01)
        if way == "stop" and len(begun) == 4:
            time.sleep(1000)
        return build()

    SearchResult.plot = lambda *_: None  # it takes longer than the search
    searched({"build": model}, folder=folder, resume=True)


if __name__ == "__main__":
    main()
