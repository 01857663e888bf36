"""Pictures of a training run."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minigrad.errors import MinigradError
from minigrad.train.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TRAIN, _VALIDATION = "tab:blue", "tab:orange"


def plot_history(history: History, path: str | PathLike[str]) -> Path:
    """Draw the curves of a training run: cost on the left, accuracy on the right, the best epoch marked.

    Parameters
    ----------
    history : History
        Of at least one epoch.
    path : path-like
        Where the PNG goes; its folder is made.

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or the history holds no epoch.
    """
    if not history.epochs:
        raise MinigradError("plot_history: needs a history of at least one epoch, got an empty one; train first")
    figure = new_figure("plot_history", 11, 4.2)
    left, right = figure.subplots(1, 2)
    _draw_costs(left, history)
    _draw_accuracies(right, history)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png", dpi=120)
    return path


def new_figure(caller: str, width: float, height: float) -> Figure:
    """A figure of so many inches that leaves matplotlib's global state alone."""
    try:
        from matplotlib.figure import Figure  # an extra: imported only when used
    except ImportError as error:
        raise MinigradError(
            f"{caller}: matplotlib is not installed; install it, or minigrad with its extra 'plot'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def _draw_costs(axes: Axes, history: History) -> None:
    batches = len(history.batch_costs)
    times = np.arange(1, batches + 1) * len(history.epochs) / batches
    axes.plot(times, history.batch_costs, color=_TRAIN, alpha=0.3, linewidth=0.8, label="train, each batch")
    _draw_train(axes, [epoch.cost for epoch in history.epochs])
    _draw_validation(axes, [epoch.val_cost for epoch in history.epochs])
    axes.set_yscale("log")
    _label(axes, "Cost", "cost", history.best_epoch)


def _draw_accuracies(axes: Axes, history: History) -> None:
    accuracies = [epoch.val_accuracy for epoch in history.epochs]
    best = history.best_epoch
    _draw_train(axes, [epoch.train_accuracy for epoch in history.epochs])
    _draw_validation(axes, accuracies)
    axes.plot(best, accuracies[best - 1], color=_VALIDATION, marker="*", markersize=14, zorder=3)
    _label(axes, f"Accuracy (best: {accuracies[best - 1]:.4f} on validation in epoch {best})", "accuracy", best)


def _draw_train(axes: Axes, means: list[float]) -> None:
    middles = np.arange(len(means)) + 0.5  # a mean over an epoch belongs into its middle
    axes.plot(middles, means, color=_TRAIN, linewidth=2.5, marker="o", markersize=4, label="train, mean of the epoch")


def _draw_validation(axes: Axes, values: list[float]) -> None:
    ends = np.arange(len(values)) + 1
    axes.plot(ends, values, color=_VALIDATION, linewidth=2.5, marker="o", markersize=4, label="validation")


def _label(axes: Axes, title: str, quantity: str, best: int) -> None:
    axes.axvline(best, color="gray", linestyle=":", label="best epoch")
    axes.set(title=title, xlabel="epoch", ylabel=quantity)
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.3)
    axes.legend()
