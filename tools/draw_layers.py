"""Draw the pictures of docs/layers.md, with minigrad: `python tools/draw_layers.py [folder]`.

The same versions of matplotlib and minigrad draw the same files, byte for byte.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import minigrad as mg
from minigrad import nn

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
_FIRST, _SECOND, _INPUT, _EDGE = "tab:blue", "tab:orange", "#eeeeee", "#888888"


def windows() -> Figure:
    """Where the first two windows of a row lie, and what none covers."""
    examples: dict[str, dict[str, Any]] = {
        "3x3": {},
        "stride 2": {"stride": 2},
        "padding 1": {"padding": 1},
        "dilation 2": {"dilation": 2},
        "stride 3": {"stride": 3},
    }
    figure, panels = _panels(5, (12, 3))
    for axes, (title, settings) in zip(panels, examples.items(), strict=True):
        out = nn.Conv2d(1, 1, 3, **settings)(mg.zeros(1, 1, 7, 7))
        _draw_windows(axes, int(out.shape[2]), **settings)
        axes.set_title(f"{title}: 7x7 to {out.shape[2]}x{out.shape[3]}", fontsize=10)
    return figure


def _draw_windows(axes: Axes, count: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> None:
    covered = {window * stride + tap * dilation - padding for window in range(count) for tap in range(3)}
    for row, column in product(range(-padding, 7 + padding), repeat=2):
        inside = 0 <= row < 7 and 0 <= column < 7
        hatch = "///" if inside and not {row, column} <= covered else None
        _cell(axes, row, column, facecolor=_INPUT if inside else "white", linestyle="-" if inside else ":", hatch=hatch)
    for window, color in enumerate((_FIRST, _SECOND)):
        for i, j in product(range(3), repeat=2):
            row, column = i * dilation - padding, window * stride + j * dilation - padding
            _cell(axes, row, column, facecolor=color, alpha=0.55)
    _fit(axes, -1.1, 8.1)


def pooling() -> Figure:
    """The largest and the mean of each of four windows."""
    values = np.array([[1, 3, 2, 1], [4, 8, 0, 5], [6, 2, 9, 7], [0, 4, 3, 1]], np.float32)
    image = mg.tensor(values[None, None])
    figure, panels = _panels(3, (8, 3))
    _draw_numbers(panels[0], "input", values, quarters=2)
    _draw_numbers(panels[1], "MaxPool2d(2)", nn.MaxPool2d(2)(image)[0, 0].numpy(), quarters=1)
    _draw_numbers(panels[2], "AvgPool2d(2)", nn.AvgPool2d(2)(image)[0, 0].numpy(), quarters=1)
    return figure


def _draw_numbers(axes: Axes, title: str, values: Any, quarters: int) -> None:
    colors = ("tab:blue", "tab:orange", "tab:green", "tab:red")
    for (row, column), value in np.ndenumerate(values):
        _cell(axes, row, column, facecolor=colors[row // quarters * 2 + column // quarters], alpha=0.3)
        axes.text(column + 0.5, row + 0.5, f"{value:g}", ha="center", va="center", fontsize=14)
    axes.set_title(title, fontsize=10)
    _fit(axes, 0, len(values))


def locally_connected() -> Figure:
    """The filter of every output position: one for all, or one each."""
    mg.manual_seed(0)
    shared, own = nn.Conv2d(1, 1, 3), nn.LocallyConnected2d(1, 1, 5, 3)
    figure, panels = _panels(2, (8, 4))
    _draw_filters(panels[0], f"Conv2d(1, 1, 3): {_count(shared)} weights", lambda p, q: shared.weight[0, 0])
    title = f"LocallyConnected2d(1, 1, 5, 3): {_count(own)} weights"
    _draw_filters(panels[1], title, lambda p, q: own.weight[p, q, 0, 0])
    return figure


def _count(layer: nn.Module) -> int:
    return sum(parameter.numel() for parameter in layer.parameters())


def _draw_filters(axes: Axes, title: str, filter_at: Callable[[int, int], mg.Tensor]) -> None:
    """The filters at 3x3 positions, beside each other."""
    for p, q in product(range(3), repeat=2):
        values = filter_at(p, q).detach().numpy()
        axes.imshow(values, cmap="RdBu", vmin=-1 / 3, vmax=1 / 3, extent=(4 * q, 4 * q + 3, 4 * p + 3, 4 * p))
    axes.set_title(title, fontsize=10)
    _fit(axes, -0.5, 11.5)


def activations() -> Figure:
    """The relatives of ReLU, and their derivatives as the tape has them."""
    layers = [nn.ReLU(), nn.LeakyReLU(0.1), nn.ELU(), nn.Softplus(), nn.SiLU(), nn.GELU()]
    figure, panels = _panels(2, (10, 4))
    x = mg.tensor(np.linspace(-4, 4, 401), requires_grad=True)
    for layer in layers:
        y = layer(x)
        (slope,) = mg.grad(y.sum(), x)
        panels[0].plot(x.detach().numpy(), y.detach().numpy(), label=repr(layer))
        panels[1].plot(x.detach().numpy(), slope.numpy())
    for axes, title in zip(panels, ("value", "derivative"), strict=True):
        axes.set_title(title, fontsize=10)
        axes.grid(alpha=0.3)
    panels[0].set_ylim(-1.2, 4)
    panels[0].legend(fontsize=8)
    return figure


def dropout() -> Figure:
    """What becomes of ones: of 4x4 channels of 3x3 each."""
    layers = [nn.Dropout(0.5), nn.Dropout2d(0.5), nn.VanillaDropout(0.5), nn.VanillaDropout(0.5).eval()]
    mg.manual_seed(0)
    figure, panels = _panels(len(layers), (10, 3))
    for axes, layer in zip(panels, layers, strict=True):
        channels = layer(mg.ones(1, 16, 3, 3)).reshape(4, 4, 3, 3).permute(0, 2, 1, 3).reshape(12, 12)
        picture = axes.imshow(channels.numpy(), vmin=0, vmax=2, cmap="viridis", extent=(0, 12, 12, 0))
        axes.set_title(f"{type(layer).__name__}, {'training' if layer.training else 'evaluation'}", fontsize=10)
        _fit(axes, 0, 12)
    figure.colorbar(picture, ax=panels, shrink=0.8, ticks=[0, 0.5, 1, 2])
    return figure


PICTURES = (windows, pooling, locally_connected, activations, dropout)


def draw(folder: Path) -> Iterator[Path]:
    """Draw every picture into a folder; yields the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for picture in PICTURES:
        path = folder / f"{picture.__name__}.png"
        # Without the metadata, which name the version of matplotlib.
        picture().savefig(path, dpi=80, metadata={"Software": None})
        yield path


def _panels(count: int, size: tuple[float, float]) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=size, layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _cell(axes: Axes, row: int, column: int, **style: Any) -> None:
    axes.add_patch(Rectangle((column, row), 1, 1, edgecolor=_EDGE, **style))


def _fit(axes: Axes, low: float, high: float) -> None:
    """A square without ticks, rows downwards."""
    axes.set(xlim=(low, high), ylim=(high, low), aspect="equal")
    axes.axis("off")


if __name__ == "__main__":
    for drawn in draw(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER):
        print(drawn)
