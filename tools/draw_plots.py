"""Train on the bundled digits, and draw the pictures of docs/plots.md: `python tools/draw_plots.py [folder]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import datasets, split
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.train import fit, plots

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
EPOCHS, BATCH = 12, 32
Draw = Callable[[Axes], object]


def run() -> dict[str, tuple[tuple[float, float], Draw]]:
    """Train; the size of each picture, and what draws it."""
    train, validation, _ = split(datasets.digits(), [0.7, 0.15, 0.15], seed=0)
    mean = channel_mean(train)
    seen = Centred(validation, mean)
    mg.manual_seed(0)
    layers = [nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(256, 10))
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    steps = EPOCHS * -(-len(train) // BATCH)
    history = fit(
        model, Centred(train, mean), seen, epochs=EPOCHS, optimizer=optimizer, batch_size=BATCH, progress=False, seed=0,
        schedule=optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, counts="batches"), look_every=20,
    )  # fmt: skip
    model.load_state_dict(history.best_state)
    return {
        "loss": ((7, 3.8), lambda axes: plots.loss(history, axes)),
        "accuracy": ((7, 3.8), lambda axes: plots.accuracy(history, axes)),
        "learning_rate": ((7, 2.8), lambda axes: plots.learning_rate(history, axes)),
        "activation_stds": ((7, 3.8), lambda axes: plots.activation_stds(history, axes, model)),
        "update_ratios": ((7, 3.8), lambda axes: plots.update_ratios(history, axes)),
        "first_layer_weights": ((6, 2.4), lambda axes: plots.first_layer_weights(model, axes)),
        "confusion_matrix": ((5.6, 5.6), lambda axes: plots.confusion_matrix(model, seen, axes)),
        "worst_mistakes": ((9, 2.4), lambda axes: plots.worst_mistakes(model, seen, axes, count=6)),
    }


def draw(folder: Path) -> Iterator[Path]:
    """Draw every picture into a folder; yields the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (size, draw_into) in run().items():
        figure = Figure(figsize=size, layout="constrained")
        draw_into(figure.subplots())
        path = folder / f"{name}.png"
        figure.savefig(path, dpi=80, metadata={"Software": None})  # without the version of matplotlib
        yield path


if __name__ == "__main__":
    for drawn in draw(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        print(drawn)
