"""The course's whole recipe on its ConvNet: ``python examples/cifar10_convnet.py``, or with ``--data-dir`` and a copy.

Data, architecture, a look at the start, sanity checks, a learning rate, a training that is watched, one test.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import Augmented, Dataset, RandomCrop, RandomHorizontalFlip, Subset, datasets, split
from minigrad.data.preprocess import ChannelScaler, Preprocessed
from minigrad.models import ConvNet
from minigrad.optim import regularize
from minigrad.train import (
    Checkpoints,
    DivergenceError,
    LockedTestSet,
    RunState,
    babysit,
    check,
    diagnose,
    fit,
    look,
    plots,
)

GOAL = 0.55  # the first fifth of the training images is enough for it
SEARCHED = 5_000  # images that a learning rate is tried on


def main() -> None:
    """Go through the recipe, step by step."""
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    train, validation, test = load(options.data_dir)
    start(train, validation, options)
    rate = None if options.resume else options.lr or find_rate(train, validation, options)
    model = train_on(train, validation, rate, options)

    score = LockedTestSet(test, log=options.out / "test-reads.jsonl").score(model)[1]
    print(f"test accuracy: {score:.4f}")
    assert options.smoke or score >= GOAL, f"expected at least {GOAL}"


def load(data_dir: str | None) -> tuple[Dataset, Dataset, Dataset]:
    """Images to train on, to choose by, and to test on, standardised by what the first of these parts has taught."""
    whole, test = (datasets.cifar10(part, data_dir) for part in ("train", "test"))
    train, validation = split(whole, [0.9, 0.1], seed=0)
    scaler = ChannelScaler().fit(train)
    return Preprocessed(train, scaler), Preprocessed(validation, scaler), Preprocessed(test, scaler)


def new_model(options: argparse.Namespace) -> ConvNet:
    """The course's ConvNet, the same weights each time: He's, but small ones in the last layer.

    Without that the first loss would be above ln 10, the more so the more filters there are.
    """
    mg.manual_seed(options.seed)
    model = ConvNet(channels=options.channels)
    *_, weight, _ = model.parameters()
    nn.init.normal_(weight, 0.0, 0.01)
    return model.to(options.device)


def new_optimizer(model: ConvNet, rate: float) -> optim.SGD:
    """SGD with momentum."""
    return optim.SGD(model.parameters(), lr=rate, momentum=0.9)


def start(train: Dataset, validation: Dataset, options: argparse.Namespace) -> None:
    """Look at the initialisation, and check what can be checked before time is spent."""
    model = new_model(options)
    print(look(model, *train[:128]))
    report = check(model, train, validation=validation, optimizer=new_optimizer(model, 0.02))
    print(report)
    assert options.smoke or report.passed


def find_rate(train: Dataset, validation: Dataset, options: argparse.Namespace) -> float:
    """A learning rate, coarse to fine: many rates for an epoch, then those near the best for longer."""
    some = Subset(train, np.arange(min(SEARCHED, len(train))))
    low, high, best = 1e-4, 1.0, (0.0, 1e-2)
    for tries, epochs in ((1, 1), (1, 1)) if options.smoke else ((8, 1), (5, 3)):
        exponents = np.random.default_rng(options.seed).uniform(np.log10(low), np.log10(high), tries)
        stage = [(accuracy_after(epochs, float(10**e), some, validation, options), float(10**e)) for e in exponents]
        best = max(stage)
        low, high = best[1] / 3, best[1] * 3
    print(f"learning rate: {best[1]:.2e}")
    return best[1]


def accuracy_after(epochs: int, rate: float, train: Dataset, validation: Dataset, options: argparse.Namespace) -> float:
    """The validation accuracy of a short run; it is ended when its loss is 3 times the first: the course's rule."""

    def stop_if_lost(run: RunState) -> None:
        run.stop = run.history.steps[-1].cost > 3 * run.history.steps[0].cost

    model = new_model(options)
    try:
        history = fit(
            model,
            train,
            validation,
            epochs=epochs,
            optimizer=new_optimizer(model, rate),
            penalty=regularize.L2(options.l2),
            batch_size=options.batch_size,
            on_step=stop_if_lost,
            progress=False,
        )
    except DivergenceError as error:
        history = error.history
    accuracy = history.epochs[-1].val_accuracy if len(history.epochs) == epochs else 0.0
    print(f"  rate {rate:.2e}: " + (f"val {accuracy:.3f} after {epochs}" if accuracy else "the loss explodes"))
    return accuracy


def train_on(train: Dataset, validation: Dataset, rate: float | None, options: argparse.Namespace) -> ConvNet:
    """Train on crops and reflections, under a rate that falls along a cosine; then say how it went.

    The model has the weights of the best epoch.
    """
    model = new_model(options)
    optimizer = new_optimizer(model, rate or 0.0)  # a training that goes on has its own
    epochs = 1 if options.smoke else options.epochs
    steps = epochs * -(-len(train) // options.batch_size)
    history = fit(
        model,
        Augmented(train, RandomCrop(32, padding=4), RandomHorizontalFlip()),
        validation,
        epochs=epochs,
        optimizer=optimizer,
        penalty=regularize.L2(options.l2),
        batch_size=options.batch_size,
        schedule=optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, counts="batches"),
        num_workers=1,
        on_epoch=babysit,
        log=options.out / "history.jsonl",
        checkpoints=Checkpoints(options.out / "checkpoints", every=200),
        resume=options.resume,
    )
    model.load_state_dict(history.best_state)
    for picture in plots.draw_all(options.out / "plots", history, model, validation):
        print(f"{picture.name}: {picture.path or picture.reason}")
    print(diagnose(history, model=model, data=validation))
    return model


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", help="a local copy of the batches; otherwise the archive is downloaded once")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for an NVIDIA GPU")
    parser.add_argument("--channels", type=int, default=10, help="filters of every convolution")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, help="learning rate; otherwise it is searched for")
    parser.add_argument("--l2", type=float, default=5e-4, help="strength of L2 regularisation")
    parser.add_argument("--seed", type=int, default=0, help="of the weights and of the order of the batches")
    parser.add_argument("--out", type=Path, default=Path("runs/cifar10-convnet"), help="a new folder for the run")
    parser.add_argument("--resume", action="store_true", help="go on with the training in --out")
    parser.add_argument("--smoke", action="store_true", help="one epoch, and no demand on checks and accuracy")
    return parser.parse_args()


if __name__ == "__main__":
    main()
