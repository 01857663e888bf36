"""The picture of a search."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from minigrad.errors import MinigradError
from minigrad.train.plots.drawing import new_figure, save
from minigrad.train.search_result import FINISHED, SearchResult, Trial

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection

_MARKERS = "osD^vP"  # by stage
_PRUNED, _BEST = "tab:red", "black"


def draw(result: SearchResult, path: str | PathLike[str]) -> Path:
    """A panel for each network, with the ranges of its stages as boxes; MinigradError if there is nothing to draw."""
    if not result.trials:
        raise MinigradError("search: there is nothing to draw, no run has begun")
    names = list(dict.fromkeys(box.model for box in result.boxes))
    figure = new_figure("search", 1.4 + 4.9 * len(names), 4.8)
    figure.suptitle("Validation accuracy, coarse to fine", fontsize=13)
    panels = figure.subplots(1, len(names), squeeze=False, sharex=True, sharey=True)[0]
    found = [trial.accuracy for trial in result.trials if trial.verdict == FINISHED and trial.accuracy is not None]
    limits = (min(found, default=0.0), max(found, default=1.0))
    dots = None
    for axes, name in zip(panels, names, strict=True):
        dots = _draw_panel(axes, name, result, limits) or dots
    if dots is not None:
        figure.colorbar(dots, ax=panels.tolist(), label="validation accuracy", fraction=0.05)
    panels[0].set_ylabel("regularisation strength")
    return save(figure, path)


def _draw_panel(axes: Axes, name: str, result: SearchResult, limits: tuple[float, float]) -> PathCollection | None:
    dots = None
    for box in (box for box in result.boxes if box.model == name):
        trials = [trial for trial in result.trials if (trial.stage, trial.model) == (box.stage, name)]
        _draw_box(axes, *box.lr, *box.reg)
        dots = _draw_dots(axes, box.stage, [trial for trial in trials if trial.verdict == FINISHED], limits) or dots
    stopped = [trial for trial in result.trials if trial.model == name and trial.is_pruned]
    if stopped:
        axes.scatter(*_places(stopped), marker="x", color=_PRUNED, s=45, linewidths=1.6, label="pruned")
    done = [trial for trial in result.trials if trial.model == name and trial.verdict == FINISHED]
    if done:
        axes.scatter(*_places(done[:1]), s=190, facecolors="none", edgecolors=_BEST, linewidths=1.8, zorder=4)
        title = f"{name}: best {done[0].accuracy:.4f} (circled)"
    else:
        title = f"{name}: no run has finished"
    axes.set(title=title, xlabel="learning rate", xscale="log", yscale="log")
    axes.margins(0.06)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, fontsize=9, frameon=False)
    return dots


def _draw_dots(axes: Axes, stage: int, trials: list[Trial], limits: tuple[float, float]) -> PathCollection | None:
    if not trials:
        return None
    return axes.scatter(
        *_places(trials),
        c=[trial.accuracy or 0.0 for trial in trials],
        vmin=limits[0],
        vmax=limits[1],
        cmap="viridis",
        s=55,
        marker=_MARKERS[(stage - 1) % len(_MARKERS)],
        edgecolors="white",
        linewidths=0.6,
        zorder=3,
        label=f"stage {stage}",
    )


def _draw_box(axes: Axes, left: float, right: float, low: float, high: float) -> None:
    across, up = [left, right, right, left, left], [low, low, high, high, low]
    axes.plot(across, up, color="gray", linestyle=":", linewidth=1, zorder=1)


def _places(trials: list[Trial]) -> tuple[list[float], list[float]]:
    return [trial.lr for trial in trials], [trial.reg for trial in trials]
