"""The figures of a history that rules look at."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from minigrad.train.history import History, Look

_PARTS = 20
_ENOUGH = 64  # examples, over which a loss is a mean that can be trusted
_FEWEST = 20  # steps that show a trend


class Curves:
    """Levels and trends of the data loss, and what the looks saw.

    Attributes
    ----------
    first, last, best : float
        The level of the data loss at the first steps, in the last part of the run, and in its best part.
    parts : numpy.ndarray
        Means of the data loss over equal parts of the run.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.steps = np.array(history.steps, np.float64).reshape(-1, 5)
        self.data_loss, self.penalty = self.steps[:, 1], self.steps[:, 2]
        batch = history.about.get("batch_size")
        self.batch = batch if isinstance(batch, int) and batch > 0 else None
        self.window = max(1, _ENOUGH // (self.batch or 32))
        self._first_steps = -(-self.window // 4)
        self.first = float(self.data_loss[: self._first_steps].mean()) if len(self.steps) else math.nan
        count = min(_PARTS, len(self.steps))
        self.parts = np.array([part.mean() for part in np.array_split(self.data_loss, count)] if count else [])
        self.last, self.best = (float(self.parts[-1]), float(self.parts.min())) if len(self.parts) else (math.nan,) * 2

    @property
    def has_trend(self) -> bool:
        """Whether there are steps enough to speak of one."""
        return len(self.steps) >= max(_FEWEST, 4 * self.window)

    @property
    def drop(self) -> float:
        """By which part of its first level the data loss has fallen."""
        return 1 - self.last / self.first

    @property
    def late_drop(self) -> float:
        """By which part of its level half-way it has fallen since."""
        return 1 - float(self.parts[-2:].mean()) / self._half_way

    @property
    def late_share(self) -> float:
        """Which part of all its fall came since half-way: half of it on a straight line, nothing on a plateau."""
        fallen = self.first - float(self.parts[-2:].mean())
        return (self._half_way - float(self.parts[-2:].mean())) / fallen if fallen > 0 else 0.0

    @property
    def peak(self) -> float:
        """The highest level after the first steps, as a multiple of the first."""
        return float(np.convolve(self.data_loss, np.ones(self.window) / self.window, "valid").max() / self.first)

    @property
    def noise(self) -> float:
        """Deviation from batch to batch, as a part of the first level."""
        return float(np.sqrt(np.mean(np.diff(self.data_loss) ** 2) / 2)) / self.first

    @property
    def penalty_share(self) -> float:
        """The part of the cost that was penalty at the first steps: weights that explode make it large later on."""
        penalty = self.penalty[: self._first_steps].mean()
        return float(penalty / (penalty + self.first))

    @property
    def _half_way(self) -> float:
        half = len(self.parts) // 2
        return float(self.parts[half - 1 : half + 1].mean())

    @cached_property
    def update_ratios(self) -> np.ndarray:
        """For each look, the median over weights of the size of the update over that of the weight."""
        return self._of_looks(lambda look: list(_of_weights(look.ratios).values()))

    @cached_property
    def shrinkage(self) -> float:
        """The least size that the weights had at a look, as a part of that at the first; the median over weights."""
        looks = self.history.looks
        start = _of_weights(looks[0].weights) if looks else {}
        sizes = self._of_looks(lambda look: [look.weights[name] / size for name, size in start.items() if size])
        return float(sizes.min(initial=1.0))

    def _of_looks(self, figures: Callable[[Look], list[float]]) -> np.ndarray:
        medians = [float(np.median(found)) for look in self.history.looks if (found := figures(look))]
        return np.array([median for median in medians if math.isfinite(median)])


def _of_weights(figures: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if not name.endswith("bias")}
