"""Layer by layer over a run: activations, and how large updates are beside the weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import MinigradError
from minigrad.nn.module import Module
from minigrad.train.history import History, Look
from minigrad.train.plots.drawing import (
    QUIET,
    RULE,
    canvas,
    clock,
    depth_colours,
    legend_beside,
    logarithmic,
    marker,
    new_figure,
    save,
    tidy,
    title,
    words,
    written,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from minigrad.train.plots.drawing import Target

_RULE_OF_THUMB = 1e-3
_LEAST_SPAN = 30  # of a logarithmic axis, so that what hardly changes looks level


def activations(history: History, path: str | PathLike[str], model: Module | None = None) -> Path:
    """Draw `activation_stds` and `activation_means` beside each other, with one legend.

    Parameters
    ----------
    history, model
        As for `activation_stds`.
    path : path-like
        Where the PNG goes; its folder is made.

    Returns
    -------
    pathlib.Path
        The path written.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or the history says nothing of activations.
    """
    _require_activations("activations", history)
    figure = new_figure("activations", 12, 4.6)
    left, right = figure.subplots(1, 2)
    activation_stds(history, left, model)
    activation_means(history, right, model)
    left.get_legend().remove()
    return save(figure, path)


def activation_stds(history: History, to: Target, model: Module | None = None) -> Path | None:
    """Draw the standard deviation of what comes out of each layer over the run, from dark, the first, to light.

    Healthy ones stay within a few powers of ten of each other; those that sink from layer to layer die out, and those
    that rise explode. What is 0 or not finite is a cross at the foot.

    Parameters
    ----------
    history : History
        With looks that have `activation_stds`.
    to : path-like or matplotlib.axes.Axes
        Where the PNG goes, whose folder is made, or what to draw into.
    model : Module, optional
        What was trained: then a layer is called by its class, too.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or the history says nothing of activations.
    """
    _require_activations("activation_stds", history)
    with canvas("activation_stds", to, 8, 4.6) as axes:
        lines = _draw_lines(axes, history, lambda look: look.activation_stds)
        _by_powers(axes, lines.values())
        axes.set_ylabel("standard deviation")
        title(axes, "Activations: standard deviation", "of what comes out of each layer, for one batch")
        legend_beside(axes, [(_called(name, model), line) for name, line in lines.items()], "layer")
    return written(to)


def activation_means(history: History, to: Target, model: Module | None = None) -> Path | None:
    """Draw the mean of what comes out of each layer over the run.

    Arguments, result and errors are those of `activation_stds`.
    """
    _require_activations("activation_means", history)
    with canvas("activation_means", to, 8, 4.6) as axes:
        lines = _draw_lines(axes, history, lambda look: look.activation_means)
        axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.set_ylabel("mean")
        title(axes, "Activations: mean", "of what comes out of each layer, for one batch")
        legend_beside(axes, [(_called(name, model), line) for name, line in lines.items()], "layer")
    return written(to)


def update_ratios(history: History, to: Target) -> Path | None:
    """Draw the size of each update over the size of the weights; the rule of thumb is 1e-3.

    Far below it a layer barely learns, far above it the learning rate is too high. The lines of weights are solid, from
    dark, the first layer's, to light; those of biases, which begin at 0 as a rule, are thin and dotted.

    Parameters
    ----------
    history : History
        With looks.
    to : path-like or matplotlib.axes.Axes
        Where the PNG goes, whose folder is made, or what to draw into.

    Returns
    -------
    pathlib.Path or None
        The path written; None for axes.

    Raises
    ------
    MinigradError
        When matplotlib is not installed, or the history has no looks.
    """
    if not any(look.ratios for look in history.looks):
        raise MinigradError("update_ratios: needs a history with looks; train with look_every of at least 1")
    with canvas("update_ratios", to, 9, 4.6) as axes:
        axes.axhspan(_RULE_OF_THUMB / 10, _RULE_OF_THUMB * 10, color=RULE, alpha=0.08, linewidth=0)
        rule = axes.axhline(_RULE_OF_THUMB, color=RULE, linewidth=1.8, linestyle="--")
        lines = _draw_lines(axes, history, lambda look: look.ratios, _is_bias)
        _by_powers(axes, lines.values(), [_RULE_OF_THUMB])
        axes.set_ylabel("size of update / size of weights")
        title(axes, "Update ratios", "dashed: 1e-3, the rule of thumb; shaded: within ten times of it")
        biases = [line for name, line in lines.items() if _is_bias(name)]
        weights = [(name.removesuffix(".weight"), line) for name, line in lines.items() if not _is_bias(name)]
        legend_beside(axes, weights, "weights of", [("1e-3", rule), *(("biases", line) for line in biases[:1])])
    return written(to)


def _require_activations(caller: str, history: History) -> None:
    if not any(look.activation_stds for look in history.looks):
        raise MinigradError(
            f"{caller}: the history has no looks with activations; train with look_every of at least 1, by this version"
        )


def _draw_lines(
    axes: Axes,
    history: History,
    figures: Callable[[Look], Mapping[str, float]],
    is_thin: Callable[[str], bool] = lambda name: False,
) -> dict[str, Line2D]:
    """A line for every name, from dark to light."""
    time = clock(history)
    names = list(dict.fromkeys(name for look in history.looks for name in figures(look)))
    thick = [name for name in names if not is_thin(name)]
    colours = dict(zip(thick, depth_colours(len(thick)), strict=True))
    lines = {}
    for name in names:
        looks = [look for look in history.looks if name in figures(look)]
        values = [figures(look)[name] for look in looks]
        style: dict[str, Any] = {"linewidth": 1.9, "markersize": 4, "color": colours.get(name)}
        if is_thin(name):
            style = {"linewidth": 1, "markersize": 2, "color": QUIET, "linestyle": ":"}
        times = time.at([look.look for look in looks])
        (lines[name],) = axes.plot(times, values, marker=marker(len(looks)), label=words(name), **style)
    time.label(axes)
    tidy(axes, None)
    return lines


def _by_powers(axes: Axes, lines: Iterable[Line2D], shown: Sequence[float] = ()) -> None:
    """A logarithmic axis of a least span, with all that is `shown` on it; what has no place is a cross at its foot."""
    inside = [*shown]
    for line in lines:
        times, values = (np.asarray(numbers, float) for numbers in line.get_data())
        fits = (values > 0) & (values < np.inf)
        inside += values[fits].tolist()
        if not fits.all():
            axes.plot(
                times[~fits], np.zeros(len(times))[~fits], transform=axes.get_xaxis_transform(), marker="x",
                color=line.get_color(), markersize=7, markeredgewidth=2, linestyle="", clip_on=False, zorder=3,
            )  # fmt: skip
    low, high = min(inside, default=1.0), max(inside, default=1.0)
    room = max(1.5, (_LEAST_SPAN * low / high) ** 0.5)
    axes.set_ylim(low / room, high * room)
    logarithmic(axes)


def _called(name: str, model: Module | None) -> str:
    """The name of a layer, and its class, if it is known."""
    layer = dict(model.named_modules()).get(name.partition(" (")[0]) if model is not None else None
    return name if layer is None else f"{name} {type(layer).__name__}"


def _is_bias(name: str) -> bool:
    return name.rpartition(".")[2].startswith("bias")
