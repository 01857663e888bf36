"""What dropout does where data are few: AlexNet's shape at an eighth of its width, with and without it.

    python examples/dropout_study.py --data-dir FOLDER     # images of CIFAR-10; without the option, the bundled digits

The course and Srivastava et al. (2014) call p the probability of KEEPING a unit; minigrad's p, like PyTorch's, is that
of dropping it. Here `keep` is the former: `nn.Dropout(1 - keep)`. As in figure 9 of that paper keep is varied twice:
with n units in each hidden layer, and with n chosen so that keep * n, the units that are there at a time, is the same.

N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, Dropout: a simple way to prevent neural
networks from overfitting, JMLR 15 (2014), section 7.3.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset, Dataset, datasets, split
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.errors import DataError, MinigradError
from minigrad.models.start import start_for_relu
from minigrad.train import evaluate, fit
from minigrad.train.plots.drawing import new_figure, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEEPS = (0.2, 0.35, 0.5, 0.75, 1.0)
FIXED_N = [(keep, 256) for keep in KEEPS]  # AlexNet has n = 4096, keep = 0.5
FIXED_KEEP_N = [(keep, round(128 / keep)) for keep in KEEPS]
WITH, WITHOUT = (0.5, 256), (1.0, 256)
LOSS, ACCURACY = 0, 1
TRAINED, VALIDATED = 0, 1

Setting = tuple[float, int]
"""keep, and n."""

Runs = dict[Setting, np.ndarray]
"""For each setting (seeds, epochs, TRAINED or VALIDATED, LOSS or ACCURACY), all with nothing dropped."""


def main() -> None:
    """Train every setting from several seeds, print all that came of it, and draw it."""
    options = parse_options()
    try:
        train, validation = read(options.data_dir, options.images)
        new_figure("dropout_study", 1, 1)  # without matplotlib, or a folder, it ends here and not after minutes
        options.out.mkdir(parents=True, exist_ok=True)
    except (MinigradError, OSError) as error:
        raise SystemExit(f"error: {error}") from error
    print(f"{len(train)} images to train, {len(validation)} to validate; after {options.epochs} epochs:")
    print(" keep     n   train accuracy, of each seed         validation accuracy, of each seed    validation loss")
    runs: Runs = {}
    for setting in dict.fromkeys(FIXED_N + FIXED_KEEP_N):
        seeds = range(options.seeds)
        runs[setting] = np.array([learn(setting, train, validation, options.epochs, seed) for seed in seeds])
        print(row(setting, runs[setting]), flush=True)
    print(f"pictures: {draw_curves(runs, options.out)}, {draw_keeps(runs, options.out)}")
    gaps = {setting: np.median(gap(runs[setting])) for setting in (WITH, WITHOUT)}
    print(f"train accuracy less validation accuracy: {gaps[WITH]:.3f} with dropout, {gaps[WITHOUT]:.3f} without")
    assert options.smoke or gaps[WITH] < gaps[WITHOUT], "expected a narrower gap; were there too few epochs for one?"


def read(data_dir: str | None, images: int) -> tuple[Dataset, Dataset]:
    """A few images to train on, and twice as many others to validate with; digits are enlarged to 32x32."""
    dataset = datasets.digits() if data_dir is None else datasets.cifar10("train", data_dir)
    if data_dir is None:
        large = np.kron(dataset.arrays[0], np.ones((1, 1, 4, 4), np.float32))
        dataset = ArrayDataset(large, dataset.targets)
    if images > (most := (len(dataset) - 1) // 3):
        raise DataError(f"--images can be at most {most}, for twice as many are to validate; got {images}")
    train, validation, _ = split(dataset, [images, 2 * images, len(dataset) - 3 * images], seed=0)
    mean = channel_mean(train)
    return Centred(train, mean), Centred(validation, mean)


def alexnet(channels: int, keep: float, units: int) -> nn.Sequential:
    """AlexNet for images of 32x32: five convolutions of an eighth of its channels, three layers of `units`, 10."""
    network = nn.Sequential(
        *(nn.Conv2d(channels, 12, 5, padding=2), nn.ReLU(), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0)),
        nn.MaxPool2d(3, 2),
        *(nn.Conv2d(12, 32, 5, padding=2), nn.ReLU(), nn.LocalResponseNorm(5, 5e-4, 0.75, 2.0)),
        nn.MaxPool2d(3, 2),
        *(nn.Conv2d(32, 48, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(48, 48, 3, padding=1), nn.ReLU()),
        *(nn.Conv2d(48, 32, 3, padding=1), nn.ReLU()),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        *(nn.Dropout(1 - keep), nn.Linear(32 * 3 * 3, units), nn.ReLU()),
        *(nn.Dropout(1 - keep), nn.Linear(units, units), nn.ReLU()),
        nn.Linear(units, 10),
    )
    start_for_relu(network, network[-1])
    return network


def learn(setting: Setting, train: Dataset, validation: Dataset, epochs: int, seed: int) -> np.ndarray:
    """Train a network, and return what it scores after every epoch."""
    mg.manual_seed(seed)
    model = alexnet(train[0][0].shape[0], *setting)
    trained: list[tuple[float, float]] = []
    history = fit(
        model,
        train,
        validation,
        epochs=epochs,
        optimizer=optim.Adam(model.parameters(), lr=1e-3),
        batch_size=50,
        seed=seed,
        look_every=0,
        on_epoch=lambda run: trained.append(evaluate(model, train)),
        progress=False,
    )
    validated = [(epoch.val_cost, epoch.val_accuracy) for epoch in history.epochs]
    return np.stack([trained, validated], 1)


def row(setting: Setting, scores: np.ndarray) -> str:
    """A line of the table: medians, and what they are the medians of."""
    cells = [f"{setting[0]:5g} {setting[1]:5d}"]
    for where in (TRAINED, VALIDATED):
        last = scores[:, -1, where, ACCURACY]
        cells.append(f"{np.median(last):.3f} ({', '.join(f'{score:.3f}' for score in last)})".ljust(34))
    return "   ".join([*cells, f"{np.median(scores[:, -1, VALIDATED, LOSS]):.2f}"])


def gap(scores: np.ndarray) -> np.ndarray:
    """How much better the training images are classified than the others, at the end."""
    last: np.ndarray = scores[:, -1, :, ACCURACY]
    return last[:, TRAINED] - last[:, VALIDATED]


def draw_curves(runs: Runs, folder: Path) -> Path:
    """Loss and accuracy by epoch: each run faintly, their medians boldly."""
    figure = new_figure("dropout_study", 12, 4.6)
    for axes, quantity, name in zip(figure.subplots(1, 2), (LOSS, ACCURACY), ("loss", "accuracy"), strict=True):
        for setting, colour, label in ((WITHOUT, "tab:red", "no dropout"), (WITH, "tab:blue", "dropout, keep 0.5")):
            for where, line, part in ((TRAINED, "--", "train"), (VALIDATED, "-", "validation")):
                scores = runs[setting][..., where, quantity]
                epochs = np.arange(1, scores.shape[1] + 1)
                axes.plot(epochs, scores.T, line, color=colour, alpha=0.25, linewidth=0.9)
                axes.plot(epochs, np.median(scores, 0), line, color=colour, linewidth=2.2, label=f"{label}: {part}")
        axes.set(title=name.capitalize(), xlabel="epoch", ylabel=name)
        axes.grid(alpha=0.3)
        axes.legend()
    return save(figure, folder / "curves.png")


def draw_keeps(runs: Runs, folder: Path) -> Path:
    """Errors by keep: at fixed n on the left, at fixed keep * n on the right."""
    figure = new_figure("dropout_study", 12, 4.8)
    left, right = figure.subplots(1, 2, sharey=True)
    draw_errors(left, runs, FIXED_N, f"n = {FIXED_N[0][1]} units in each hidden layer")
    draw_errors(right, runs, FIXED_KEEP_N, "keep * n = 128 units there at a time")
    return save(figure, folder / "keep.png")


def draw_errors(axes: Axes, runs: Runs, settings: Sequence[Setting], title: str) -> None:
    """A dot for each run, a line through the medians; keep is spaced evenly."""
    for where, colour, label in ((VALIDATED, "tab:orange", "validation"), (TRAINED, "tab:blue", "train")):
        errors = [100 * (1 - runs[setting][:, -1, where, ACCURACY]) for setting in settings]
        axes.plot([np.median(each) for each in errors], color=colour, linewidth=2.2, label=f"{label}, median")
        for place, each in enumerate(errors):
            axes.plot(np.full(len(each), place), each, "o", color=colour, markersize=5, alpha=0.5)
    names = [f"{keep:g}\n$n$ = {units}" for keep, units in settings]
    axes.set_xticks(range(len(settings)), names)
    axes.set(title=title, xlabel="probability of keeping a unit", ylabel="classification error, %", ylim=(0, 100))
    axes.grid(alpha=0.3)
    axes.legend()


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", help="a local copy of CIFAR-10; otherwise the bundled digits are taken")
    parser.add_argument("--images", type=int, default=500, help="how many to train on")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, default=3, help="runs of each setting: weights, order, what is dropped")
    parser.add_argument("--out", type=Path, default=Path("runs/dropout_study"), help="the folder of the two pictures")
    parser.add_argument("--smoke", action="store_true", help="one epoch, one seed, 50 images, and no demands")
    options = parser.parse_args()
    if options.smoke:
        options.epochs, options.seeds, options.images = 1, 1, 50
    if min(options.images, options.epochs, options.seeds) < 1:
        parser.error("--images, --epochs and --seeds must be at least 1")
    return options


if __name__ == "__main__":
    main()
