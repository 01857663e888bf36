"""What a search has found: a table, a file of comma-separated values, a picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from minigrad.errors import MinigradError
from minigrad.tables import table
from minigrad.train.files import write_atomically
from minigrad.train.search_plan import Box

FINISHED, RUNNING = "finished", "running"


class Trial(NamedTuple):
    """A run of a search.

    Attributes
    ----------
    number, stage : int
        Which run it is, and in which stage, both from 1.
    model : str
        The network's name.
    lr, reg : float
        Learning rate and regularisation strength.
    epochs : int
        How many it was to have.
    accuracy, cost : float or None
        On the validation set in its best epoch, None if no epoch has ended.
    verdict : str
        "finished", "running" in another process, or "pruned: " and why.
    seed : int
        What its weights and its batches were drawn from: with it the run can be repeated.
    """

    number: int
    stage: int
    model: str
    lr: float
    reg: float
    epochs: int
    accuracy: float | None
    cost: float | None
    verdict: str
    seed: int

    @property
    def is_pruned(self) -> bool:
        """Whether it was stopped."""
        return self.verdict not in (FINISHED, RUNNING)


@dataclass(frozen=True)
class SearchResult:
    """What a search has found.

    Attributes
    ----------
    trials : tuple of Trial
        Those that finished first, by validation accuracy, the best first; then those that were pruned.
    boxes : tuple of Box
        The ranges of each network in each stage.
    warnings : tuple of str
        What should be looked at: a best value at the edge of its range, a network that never learned.
    """

    trials: tuple[Trial, ...]
    boxes: tuple[Box, ...]
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> Trial:
        """The run of highest validation accuracy; of several, that of lowest validation loss.

        Raises
        ------
        MinigradError
            If every run was stopped.
        """
        if not self.trials or self.trials[0].verdict != FINISHED:
            stopped = [trial for trial in self.trials if trial.is_pruned]
            why = f"; {stopped[0].verdict}" if stopped else ""
            raise MinigradError(f"search: none of {len(self.trials)} runs has finished{why}; search lower rates")
        return self.trials[0]

    def __str__(self) -> str:
        lines = [("trial", "stage", "model", "lr", "reg", "epochs", "seed", "val acc", "verdict")]
        for trial in self.trials:
            cells = (f"{trial.lr:.3e}", f"{trial.reg:.3e}", str(trial.epochs), str(trial.seed), _accuracy(trial))
            lines.append((str(trial.number), str(trial.stage), trial.model, *cells, trial.verdict))
        return table(lines, right=(0, 1, 3, 4, 5, 6, 7))

    def save(self, path: str | PathLike[str]) -> Path:
        """Write all trials as comma-separated values; returns the path."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Trial._fields)
        writer.writerows(self.trials)
        return write_atomically(path, text.getvalue().encode())

    def plot(self, path: str | PathLike[str]) -> Path:
        """Draw strength against learning rate as a PNG, whose folder is made; matplotlib is an extra.

        There is a panel for each network; colours are validation accuracies, crosses the runs that were pruned.
        """
        from minigrad.train.search_picture import draw  # which imports this file

        return draw(self, path)


def ordered(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The best first."""
    return tuple(sorted(trials, key=_rank))


def _rank(trial: Trial) -> tuple[bool, bool, float, float, int]:
    is_done = trial.verdict == FINISHED
    return not is_done, trial.verdict == RUNNING, -(trial.accuracy or 0.0), trial.cost or 0.0, trial.number


def _accuracy(trial: Trial) -> str:
    return "" if trial.accuracy is None else f"{trial.accuracy:.4f}"
