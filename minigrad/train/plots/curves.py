"""Loss, accuracy and learning rate over a run."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minigrad.data.given import require_given
from minigrad.data.integers import require_integer
from minigrad.errors import MinigradError
from minigrad.train.history import History
from minigrad.train.plots.drawing import (
    PENALTY,
    TRAIN,
    VALIDATION,
    Clock,
    canvas,
    clock,
    logarithmic,
    marker,
    new_figure,
    save,
    smooth,
    tidy,
    title,
    words,
    written,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from minigrad.train.plots.drawing import Target

_MOST_SMOOTHED = 1000
_SPAN = 20  # the quotient of largest and smallest from which an axis is logarithmic


def plot_history(history: History, path: str | PathLike[str]) -> Path:
    """Draw the curves of a training run: loss on the left, accuracy on the right, the best epoch marked.

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
    require_given("plot_history", history=history, path=path)
    if not history.epochs:
        raise MinigradError("plot_history: needs a history of at least one epoch, got an empty one; train first")
    figure = new_figure("plot_history", 12, 4.4)
    left, right = figure.subplots(1, 2)
    loss(history, left)
    accuracy(history, right)
    return save(figure, path)


def loss(history: History, to: Target, smoothing: int | None = None) -> Path | None:
    """Draw the data loss of every batch, smoothed too, and that on the validation set after every epoch.

    The regularisation loss is no part of these lines, so that they can be compared; where there is one, the cost, their
    sum, is a line of its own. The axis is logarithmic where the loss falls, or rises, twentyfold.

    Parameters
    ----------
    history : History
        Of at least one step.
    to : path-like or matplotlib.axes.Axes
        Where the PNG goes, whose folder is made, or what to draw into.
    smoothing : int, optional
        How many steps are averaged, around each, the nearer the more; by default a twentieth of all.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or the history holds no step.
    """
    if not history.steps:
        raise MinigradError("loss: needs a history of at least one step, got an empty one; train first")
    window = _window(history, smoothing)
    time = clock(history)
    times = time.at(np.arange(1, len(history.steps) + 1))
    losses = np.array([step.data_loss for step in history.steps])
    smoothed = smooth(losses, window)
    shown = [smoothed]
    with canvas("loss", to, 8, 4.5) as axes:
        if window > 1:
            axes.plot(times, losses, color=TRAIN, alpha=0.25, linewidth=0.8, label="train, each batch")
        name = f"train, smoothed over {window} batches" if window > 1 else "train, each batch"
        axes.plot(times, smoothed, color=TRAIN, linewidth=2.2, marker=marker(len(times)), markersize=4, label=name)
        if any(step.penalty for step in history.steps):
            costs = smooth([step.cost for step in history.steps], window)
            axes.plot(times, costs, color=PENALTY, linewidth=1.6, linestyle="--", label="the same, with penalty")
            shown.append(costs)
        if history.epochs:
            values = np.array([epoch.val_cost for epoch in history.epochs])
            _validation(axes, time, values)
            shown.append(values)
        _fit_losses(axes, losses, np.concatenate(shown))
        last = f"{smoothed[-1]:.3g} on training data at the end"
        last += f", {history.epochs[-1].val_cost:.3g} on validation" if history.epochs else ""
        title(axes, "Loss", last + (f"; stopped: {words(history.stopped, 60)}" if history.stopped else ""))
        axes.set_ylabel("loss")
        _finish(axes, time, "upper right" if smoothed[-1] < smoothed[0] else "upper left")
    return written(to)


def accuracy(history: History, to: Target, smoothing: int | None = None) -> Path | None:
    """Draw the accuracy on the training and on the validation set, and between them the gap.

    What an epoch has for training is the mean over its batches, each as it was trained on, and stands in its middle;
    the thin line is that of the batches, smoothed. At the end of the last epoch, where the gap is told in percentage
    points, it is the mean over the last half of it.

    Parameters
    ----------
    history : History
        Of at least one step or epoch.
    to, smoothing
        As for `loss`.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or the history is empty.
    """
    if not history.steps and not history.epochs:
        raise MinigradError("accuracy: needs a history of at least one step, got an empty one; train first")
    window = _window(history, smoothing)
    time = clock(history)
    with canvas("accuracy", to, 8, 4.5) as axes:
        if history.steps:
            times = time.at(np.arange(1, len(history.steps) + 1))
            values = smooth([step.accuracy for step in history.steps], window)
            name = f"train, smoothed over {window} batches" if window > 1 else "train, each batch"
            mark = marker(len(times))
            axes.plot(times, values, color=TRAIN, alpha=0.45, linewidth=1.1, marker=mark, markersize=3, label=name)
        detail = "no epoch has ended"
        if history.epochs:
            detail = _draw_epochs(axes, history, time)
        title(axes, "Accuracy", detail)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
        axes.set_ylabel("accuracy")
        _finish(axes, time, "lower right")
    return written(to)


def learning_rate(history: History, to: Target) -> Path | None:
    """Draw the learning rate of every step; the axis is logarithmic where a quarter of the steps have a tiny one.

    Parameters
    ----------
    history : History
        Of at least one step.
    to
        As for `loss`.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or the history holds no step.
    """
    if not history.steps:
        raise MinigradError("learning_rate: needs a history of at least one step, got an empty one; train first")
    rates = np.array([step.lr for step in history.steps])
    time = clock(history)
    with canvas("learning_rate", to, 8, 3.6) as axes:
        times = time.at(np.arange(len(rates) + 1))  # a step has its rate from the end of the one before
        axes.stairs(rates, times, baseline=None, color=TRAIN, linewidth=2.2)
        if (rates > 0).all() and np.quantile(rates, 0.25) * _SPAN < rates.max():
            logarithmic(axes)
        else:
            axes.set_ylim(0, rates.max() * 1.08 or 1)
        axes.set_ylabel("learning rate")
        title(axes, "Learning rate", f"from {rates[0]:.3g} to {rates[-1]:.3g}")
        _finish(axes, time, None)
    return written(to)


def _window(history: History, smoothing: int | None) -> int:
    most = max(len(history.steps), 1)
    if smoothing is None:
        return max(1, min(most // 20, _MOST_SMOOTHED))
    return min(require_integer("plots: smoothing", smoothing, 1), most)


def _validation(axes: Axes, time: Clock, values: Sequence[float] | np.ndarray) -> None:
    axes.plot(
        time.ends, values, color=VALIDATION, linewidth=2.2, marker=marker(len(values)), markersize=5, label="validation"
    )


def _fit_losses(axes: Axes, each: np.ndarray, lines: np.ndarray) -> None:
    """Show all of the lines, and of the batches all but rare outliers; where they span much, on a logarithmic axis."""
    each, lines = each[np.isfinite(each)], lines[np.isfinite(lines)]
    if not len(each) or not len(lines):
        return
    low, high = min(lines.min(), np.quantile(each, 0.005)), max(lines.max(), np.quantile(each, 0.995))
    if low > 0 and high > _SPAN * low:
        axes.set_ylim(low / 1.3, high * 1.3)
        logarithmic(axes)
    elif high > low:
        axes.set_ylim(max(low - 0.06 * (high - low), min(0.0, low)), high + 0.06 * (high - low))


def _draw_epochs(axes: Axes, history: History, time: Clock) -> str:
    """The figures of the epochs, and the gap; returns what to say of them."""
    trained = np.array([epoch.train_accuracy for epoch in history.epochs])
    validated = np.array([epoch.val_accuracy for epoch in history.epochs])
    end = time.ends[-1]
    axes.plot(
        time.middles, trained, color=TRAIN, linewidth=2.2, marker=marker(len(trained)), markersize=5,
        label="train, mean of the epoch",
    )  # fmt: skip
    middles, means = np.append(time.middles, end), np.append(trained, _at_the_end(history))
    axes.plot(middles[-2:], means[-2:], color=TRAIN, linewidth=1.5, linestyle=":")
    _validation(axes, time, validated)
    if len(validated) > 1:
        places = np.union1d(time.ends, time.middles[1:])
        upper, lower = np.interp(places, middles, means), np.interp(places, time.ends, validated)
        axes.fill_between(places, upper, lower, color=VALIDATION, alpha=0.18, linewidth=0, label="gap")
    _mark_gap(axes, float(end), float(means[-1]), float(validated[-1]))
    best = history.best_epoch
    axes.plot(
        time.ends[best - 1], validated[best - 1], color=VALIDATION, marker="*", markersize=15, markeredgecolor="white",
        linestyle="", zorder=4, label="best epoch",
    )  # fmt: skip
    if len(validated) > 1:
        low, high = min(means.min(), validated.min()), max(means.max(), validated.max())
        room = max(0.25 * (high - low), 0.01)
        axes.set_ylim(max(low - room, -0.02), min(high + room, 1.02))
    return f"best on validation: {100 * validated[best - 1]:.2f} %, in epoch {best}"


def _at_the_end(history: History) -> float:
    """The accuracy on training data at the end of the last epoch: the mean over its last half, if there are steps."""
    last = history.epochs[-1]
    end = last.steps or len(history.steps)
    half = -(-end // (2 * len(history.epochs)))
    if not 0 < half <= end <= len(history.steps):
        return last.train_accuracy
    return float(np.mean([step.accuracy for step in history.steps[end - half : end]]))


def _mark_gap(axes: Axes, end: float, trained: float, validated: float) -> None:
    """The gap at the end of the run as a bar, and in percentage points beside it."""
    axes.plot([end, end], [trained, validated], color=VALIDATION, alpha=0.6, linewidth=1.2)
    axes.annotate(
        f"gap {100 * (trained - validated):+.1f}\npoints".replace("-", "\N{MINUS SIGN}"),
        (1.0, (trained + validated) / 2), (4, 0), xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        va="center", fontsize=9, color=VALIDATION,
    )  # fmt: skip


def _finish(axes: Axes, time: Clock, legend: str | None) -> None:
    time.label(axes)
    tidy(axes, legend)
