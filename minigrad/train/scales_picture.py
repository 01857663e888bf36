"""The picture of a network's start."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from minigrad.train.plots.drawing import new_figure, save
from minigrad.train.scales import LayerScale, Scales

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_GOOD, _BAD, _GRADIENT = "tab:blue", "tab:red", "tab:green"
_COLUMNS = 6
_SPAN = 30  # of an axis at least, so that a good start looks level


def draw(scales: Scales, path: str | PathLike[str]) -> Path:
    """Draw the deviations by layer on top, a histogram for each layer below; what is wrong is red."""
    rows = -(-len(scales.layers) // _COLUMNS)
    figure = new_figure("look", 13, 4.4 + 1.7 * rows)
    figure.suptitle("A look at the start", fontsize=13)
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[4, 1.7 * rows])[:, 0]
    _draw_deviations(top, scales)
    _draw_histograms(bottom, scales, rows)
    return save(figure, path, 110)


def _draw_deviations(figure: SubFigure, scales: Scales) -> None:
    left, right = figure.subplots(1, 2)
    activations = [scales.input.std, *(row.activation.std for row in scales.layers)]
    names = ["input", *(row.name for row in scales.layers)]
    _draw_line(left, names, activations, _GOOD, scales)
    left.set(title="Activations", ylabel="standard deviation")
    gradients = [(row.name, row.gradient.std) for row in scales.layers if row.gradient is not None]
    _draw_line(right, [name for name, _ in gradients], [std for _, std in gradients], _GRADIENT, scales)
    right.set(title="Gradients with respect to the activations", ylabel="standard deviation")
    if not gradients:
        right.text(0.5, 0.5, "labels are needed for gradients", ha="center", va="center", transform=right.transAxes)


def _draw_line(axes: Axes, names: list[str], values: list[float], colour: str, scales: Scales) -> None:
    """What has no place on a logarithmic axis, zero or not finite, is a cross at its foot."""
    finite = [value if 0 < value < float("inf") else float("nan") for value in values]
    axes.plot(finite, color=colour, linewidth=2, marker="o", markersize=5)
    axes.set(yscale="log", xlabel="layer", xlim=(-0.5, max(len(names), 1) - 0.5))
    low, high = axes.get_ylim()
    low, high = min(low, high / _SPAN), max(high, low * _SPAN)
    axes.set_ylim(low, high)
    for place, (name, value) in enumerate(zip(names, finite, strict=True)):
        if value != value:
            axes.plot(place, low, color=_BAD, marker="x", markersize=8, markeredgewidth=2, clip_on=False, zorder=3)
        elif name in scales.notes():
            axes.plot(place, value, color=_BAD, marker="o", markersize=8, zorder=3)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=8)
    axes.grid(alpha=0.3)


def _draw_histograms(figure: SubFigure, scales: Scales, rows: int) -> None:
    figure.suptitle("What comes out of each layer: how often, by value", fontsize=12)
    notes = scales.notes()
    grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes, row in zip(grid, scales.layers, strict=False):
        _draw_histogram(axes, row, notes.get(row.name, ""))
    for axes in grid[len(scales.layers) :]:
        axes.set_axis_off()


def _draw_histogram(axes: Axes, row: LayerScale, note: str) -> None:
    colour = _BAD if note else _GOOD
    axes.stairs(row.counts, row.edges, fill=True, color=colour, alpha=0.8)
    axes.set_title(
        f"{row.name} {row.layer}" + (f": {note}" if note else ""), fontsize=8, color=_BAD if note else "black"
    )
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=4)
    axes.tick_params(axis="x", labelsize=7)
