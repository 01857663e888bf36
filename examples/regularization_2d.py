"""Stronger regularisation, smoother boundaries: one small network on points in a plane, for three strengths of L2.

The course's picture (CS231n, lambda 0.001, 0.01, 0.1), drawn anew: a disc of one class inside a ring of the other, so
noisy that they mix. Lambda is that of the course's demo in ConvNetJS, where lambda / 2 |W|^2 weighs against the loss
summed over batches of 10, so that beside the mean loss there stands a tenth of it. With the weakest regularisation the
boundary bends around single points; with the strongest it is nearly a circle, and gives some points up. Wrong are the
points whose colour is not that of their surroundings.
"""

from __future__ import annotations

import argparse
import itertools
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.optim import regularize
from minigrad.train.plots.drawing import new_figure, save

STRENGTHS = (0.001, 0.01, 0.1)
DEMO_BATCH = 10
HIDDEN = 20
REACH = 2.4  # the picture shows [-REACH, REACH] twice
SIDE = 241  # grid points along each side of it
COLOURS = ("tab:red", "tab:blue")


class Fit(NamedTuple):
    """What came of one strength: `scores` over the grid, logit 1 minus logit 0, whose zeros are the boundary."""

    strength: float
    accuracy: float
    weight_norm: float
    boundary_length: float
    scores: np.ndarray


def main() -> None:
    """Train once for each strength from the same start, print, draw, and check what the picture is to show."""
    options = parse_options()
    points, labels = disc_in_ring(options.points, options.seed)
    fits = [fit(strength, points, labels, options) for strength in STRENGTHS]
    print("lambda   training accuracy   |W|   length of the boundary")
    for found in fits:
        print(f"{found.strength:<8g} {found.accuracy:17.3f} {found.weight_norm:5.1f} {found.boundary_length:24.1f}")
    print(f"picture: {draw(fits, points, labels, options.out)}")
    for weaker, stronger in itertools.pairwise(fits):
        assert stronger.weight_norm < weaker.weight_norm
        assert options.smoke or stronger.boundary_length < weaker.boundary_length
        assert options.smoke or stronger.accuracy <= weaker.accuracy


def disc_in_ring(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) about radius 0.6, labelled 0, and about radius 1.4, labelled 1, by turns."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    radii, angles = 0.6 + 0.8 * labels, random.uniform(0, 2 * math.pi, count)
    centres = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    return (centres + random.normal(0, 0.35, (count, 2))).astype(np.float32), labels


def fit(strength: float, points: np.ndarray, labels: np.ndarray, options: argparse.Namespace) -> Fit:
    """Train on all points at once."""
    mg.manual_seed(options.seed)
    model = nn.Sequential(nn.Linear(2, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, 2))
    penalty = regularize.L2(strength / DEMO_BATCH)
    steps = 100 if options.smoke else options.steps
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    inputs, targets = mg.from_numpy(points), mg.from_numpy(labels)
    for _ in range(steps):
        loss = F.cross_entropy(model(inputs), targets) + penalty(model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with mg.no_grad():
        accuracy = float(np.mean(model(inputs).numpy().argmax(1) == labels))
        logits = model(mg.from_numpy(grid())).numpy()
        weight_norm = math.sqrt(2 * regularize.L2(1.0)(model).item())
    scores = (logits[:, 1] - logits[:, 0]).reshape(SIDE, SIDE)
    return Fit(strength, accuracy, weight_norm, boundary_length(scores), scores)


def grid() -> np.ndarray:
    """The points of the picture, (SIDE * SIDE, 2), row by row."""
    line = np.linspace(-REACH, REACH, SIDE, dtype=np.float32)
    return np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)


def boundary_length(scores: np.ndarray) -> float:
    """The length of the curve of zeros: by Crofton's formula, pi / 4 times the crossings of the grid's lines."""
    sides = scores > 0
    crossings = np.count_nonzero(sides[1:] != sides[:-1]) + np.count_nonzero(sides[:, 1:] != sides[:, :-1])
    return math.pi / 4 * crossings * 2 * REACH / (SIDE - 1)


def draw(fits: list[Fit], points: np.ndarray, labels: np.ndarray, path: Path) -> Path:
    """One panel for each strength: how sure the network is, where it changes its mind, and what it was trained on."""
    figure = new_figure("regularization_2d", 12.6, 5.0)
    figure.suptitle(f"Stronger regularisation, smoother boundaries: a network 2-{HIDDEN}-{HIDDEN}-2", fontsize=14)
    line = np.linspace(-REACH, REACH, SIDE)
    for axes, found in zip(figure.subplots(1, len(fits)), fits, strict=True):
        sure = np.tanh(found.scores / 2)  # the probability of class 1, from [0, 1] to [-1, 1]
        axes.imshow(sure, extent=(-REACH, REACH, -REACH, REACH), origin="lower", cmap="RdBu", vmin=-2, vmax=2)
        axes.contour(line, line, found.scores, levels=[0], colors="black", linewidths=1.8)
        for label, colour in enumerate(COLOURS):
            x, y = points[labels == label].T
            axes.scatter(x, y, s=22, color=colour, edgecolors="white", linewidths=0.6, zorder=3)
        axes.set_title(
            f"$\\lambda$ = {found.strength:g}\n"
            f"training accuracy {found.accuracy:.3f}, boundary {found.boundary_length:.1f} long"
        )
        axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[])
    return save(figure, path)


def parse_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=200, help="how many points to train on")
    parser.add_argument("--steps", type=int, default=2000, help="of Adam, for each strength")
    parser.add_argument("--seed", type=int, default=2, help="of the points and of the weights")
    parser.add_argument("--out", type=Path, default=Path("runs/regularization_2d.png"), help="where the picture goes")
    parser.add_argument("--smoke", action="store_true", help="100 steps, and no demand on the boundaries")
    options = parser.parse_args()
    if min(options.points, options.steps) < 2 or options.seed < 0:
        parser.error("--points and --steps must be at least 2, --seed at least 0")
    return options


if __name__ == "__main__":
    main()
