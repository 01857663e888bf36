"""What all pictures share: figures, colours, time, names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.data.given import as_path
from minigrad.errors import DataError, MinigradError
from minigrad.train.files import make_folder
from minigrad.train.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    _Named = tuple[str, Any]
    Target = str | PathLike[str] | Axes

# Of Okabe and Ito's palette, which people tell apart who see no red or no green.
TRAIN, VALIDATION, PENALTY = "#0072B2", "#D55E00", "#CC79A7"
INK, QUIET, RULE = "#222222", "#666666", "#009E73"
DEPTH = "viridis"  # from the first layer, dark, to the last

_DPI = 120
_MOST_NAMED = 16
_SHORT = 200  # the quotient of its ends below which a logarithmic axis has few powers of ten on it
_FEW = 40  # points that are few enough for each to have a marker


def new_figure(caller: str, width: float, height: float) -> Figure:
    """A figure of so many inches that leaves matplotlib's global state alone."""
    try:
        from matplotlib.figure import Figure  # an extra: imported only when used
    except ImportError as error:
        raise MinigradError(
            f"{caller}: matplotlib is not installed; install it, or minigrad with its extra 'plot'"
        ) from error
    return Figure(figsize=(width, height), layout="constrained")


def save(figure: Figure, path: str | PathLike[str], dpi: int = _DPI) -> Path:
    """Write a PNG, in a folder made for it."""
    path = as_path("plot", "path", path)
    make_folder("plot", path.parent)
    try:
        figure.savefig(path, format="png", dpi=dpi)
    except OSError as error:
        raise DataError(f"plot: {path} cannot be written: {error.strerror or error}") from error
    return path


@contextmanager
def canvas(caller: str, to: Target, width: float, height: float) -> Iterator[Axes]:
    """The axes that `to` is, or those of a new figure that is written there, if nothing goes wrong."""
    if not isinstance(to, str | PathLike):
        if not hasattr(to, "transAxes"):
            raise DataError(f"{caller}: to must be a path or matplotlib's Axes, got {type(to).__name__}")
        yield to
        return
    figure = new_figure(caller, width, height)
    yield figure.subplots()
    save(figure, to)


def written(to: Target) -> Path | None:
    """What a function returns that drew there: the path, or None for axes."""
    return Path(to) if isinstance(to, str | PathLike) else None


def title(axes: Axes, text: str, detail: str = "") -> None:
    """A title at the left, and lines of detail below it."""
    lines = detail.count("\n") + 1 if detail else 0
    axes.set_title(text, loc="left", fontsize=12, fontweight="bold", color=INK, pad=10 + 12 * lines if lines else 8)
    axes.annotate(detail, (0, 1), (0, 6), xycoords="axes fraction", textcoords="offset points", fontsize=9, color=QUIET)


def tidy(axes: Axes, legend: Any = "best") -> None:
    """A light grid, no frame at the top and the right, and a legend, if there is something to tell."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, color=QUIET)
    if legend is not None and axes.get_legend_handles_labels()[1]:
        axes.legend(loc=legend, fontsize=9, framealpha=0.9, edgecolor="none")


def legend_beside(axes: Axes, lines: Sequence[_Named], heading: str, first: Sequence[_Named] = ()) -> None:
    """A legend at the right of the axes, no longer than they are high: of many lines, some are named."""
    chosen = np.unique(np.linspace(0, len(lines) - 1, min(len(lines), _MOST_NAMED)).round().astype(int))
    named = [*first, *(lines[place] for place in chosen)]
    axes.legend(
        [line for _, line in named], [words(name, 30) for name, _ in named],
        title=heading if len(chosen) == len(lines) else f"{heading},\n{len(chosen)} of {len(lines)} named",
        loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0, fontsize=8, title_fontsize=9, frameon=False,
        alignment="left",
    )  # fmt: skip


def logarithmic(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with numbers as people write them, between the powers too if it is short."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high < _SHORT * low:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())


def depth_colours(count: int) -> list[Any]:
    """A colour for each layer, from dark to light, none too light for white paper."""
    from matplotlib import colormaps

    return [colormaps[DEPTH](place) for place in np.linspace(0, 0.88, count)]


def marker(count: int) -> str:
    """The marker of points on a line, unless there are so many that they would hide it."""
    return "o" if count <= _FEW else ""


def words(text: str, most: int = 24) -> str:
    """A name as it may stand in a picture: cut in the middle if it is long, no formula, not hidden from the legend."""
    tail = most // 2
    cut = text if len(text) <= most else f"{text[: most - tail - 1]}…{text[-tail:]}"
    return (" " if cut.startswith("_") else "") + cut.replace("$", r"\$")


def smooth(values: Sequence[float] | np.ndarray, window: int) -> np.ndarray:
    """A mean of the `window` values around each, of fewer at the ends; their weights fall with the distance."""
    weights = np.bartlett(window + 2)[1:-1]
    return np.convolve(values, weights, "same") / np.convolve(np.ones(len(values)), weights, "same")


class Clock(NamedTuple):
    """The horizontal axis: epochs, or steps in a history of less than two epochs.

    Attributes
    ----------
    unit : str
        Its label.
    steps : float
        How many there are in one unit.
    ends : array
        Where the epochs end.
    last : float
        Where the run ends.
    """

    unit: str
    steps: float
    ends: np.ndarray
    last: float

    @property
    def middles(self) -> np.ndarray:
        """Where a mean over an epoch belongs."""
        return self.ends - np.diff(self.ends, prepend=0) / 2

    def at(self, steps: Any) -> np.ndarray:
        """Where the ends of steps are, which count from 1."""
        return np.asarray(steps, float) / self.steps

    def label(self, axes: Axes) -> None:
        """Label the horizontal axis, from the start of the run to its end, with whole numbers."""
        axes.set_xlabel(self.unit)
        axes.set_xlim(-0.02 * self.last, 1.02 * self.last)
        axes.locator_params(axis="x", integer=True)


def clock(history: History) -> Clock:
    """The horizontal axis of a history."""
    epochs = len(history.epochs)
    counted = [epoch.steps for epoch in history.epochs]
    numbers = np.arange(1, epochs + 1)
    per_epoch = (counted[-1] or len(history.steps)) / epochs if epochs else 0.0
    last = max(len(history.steps), 1, *(look.look for look in history.looks))
    if epochs < 2 and not (epochs and not per_epoch):
        return Clock("step", 1.0, numbers * per_epoch, last)
    return Clock("epoch", per_epoch or 1.0, numbers.astype(float), max(last / per_epoch if per_epoch else 0.0, epochs))
