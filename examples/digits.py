"""Train a ConvNet on 8x8 handwritten digits: ``python examples/digits.py`` takes seconds on a CPU."""

from __future__ import annotations

import argparse
from pathlib import Path

import minigrad as mg
from minigrad import optim
from minigrad.data import datasets, split
from minigrad.models import ConvNet
from minigrad.train import LockedTestSet, fit, plot_history

SPLIT_SEED = 0  # the split is fixed; --seed draws the weights and the order of the batches
GOAL = 0.98


def main() -> None:
    """Train, restore the weights of the best epoch, draw the curves, and test once."""
    options = parse_options()
    if options.device == "cpu":
        mg.warmup(progress=True)
    train, validation, test = split(datasets.digits(), [0.7, 0.15, 0.15], seed=SPLIT_SEED)
    mg.manual_seed(options.seed)
    model = ConvNet(in_shape=(1, 8, 8), blocks=2, channels=32).to(options.device)
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    history = fit(
        model,
        train,
        validation,
        epochs=1 if options.smoke else options.epochs,
        optimizer=optimizer,
        batch_size=32,
        seed=options.seed,
    )
    model.load_state_dict(history.best_state)
    print(f"curves: {plot_history(history, options.out)}")
    accuracy = LockedTestSet(test).score(model)[1]
    print(f"test accuracy: {accuracy:.4f}")
    assert options.smoke or accuracy >= GOAL, f"expected at least {GOAL}"


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for an NVIDIA GPU")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the batches")
    parser.add_argument("--out", type=Path, default=Path("runs/digits.png"), help="the picture of the curves")
    parser.add_argument("--smoke", action="store_true", help="one epoch, and no demand on the accuracy")
    return parser.parse_args()


if __name__ == "__main__":
    main()
