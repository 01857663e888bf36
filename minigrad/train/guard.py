"""The test set, locked away: it gives a score, counts how often, and warns from the second time on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import minigrad.nn.functional as F
from minigrad.checks import require_texts
from minigrad.data.arrays import Dataset
from minigrad.data.given import require_given, require_optional
from minigrad.errors import DataError
from minigrad.nn.module import Module
from minigrad.train.heads import Loss
from minigrad.train.trainer import evaluate
from minigrad.train.warn import warn


class LockedTestSet:
    """A test set that no one can train on or look at: all it has is a length and a score.

    Choosing between networks by their scores on the same test set finds one that is good by chance: a false discovery.
    The first reading is an estimate of how a network does on images it has never seen; those that follow are less so.

    Parameters
    ----------
    dataset : Dataset
        Pairs of inputs and labels.
    log : path-like, optional
        A file in the run's folder: each reading becomes a line of JSON, and those of earlier processes count.
    name : str
        How messages and the log call it.
    warn : callable, optional
        Called with the text, instead of a `MinigradWarning`.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        log: str | os.PathLike[str] | None = None,
        name: str = "the test set",
        warn: Callable[[str], object] = warn,
    ) -> None:
        require_given("LockedTestSet", dataset=dataset, warn=warn)
        require_optional("LockedTestSet", log=log)
        require_texts("LockedTestSet", name=name)
        self._dataset, self._log, self._name, self._warn = dataset, None if log is None else Path(log), name, warn
        self._here = 0

    def __len__(self) -> int:
        return len(self._dataset)

    @property
    def reads(self) -> int:
        """How often its score has been read."""
        if self._log is None:
            return self._here
        lines = self._log.read_bytes().splitlines() if self._log.exists() else []
        return sum(self._is_of_this(line) for line in lines)

    def score(
        self, model: Module, batch_size: int | None = 256, loss: Loss = F.cross_entropy, num_workers: int = 0
    ) -> tuple[float, float]:
        """Mean loss and accuracy, as `evaluate` computes them; what cannot be logged is not told."""
        if self._log is not None and (self._log.is_dir() or not self._log.parent.is_dir()):
            raise DataError(f"{self._log}: the log must be a file in a folder that is there; nothing was read")
        cost, accuracy = evaluate(model, self._dataset, batch_size, loss, num_workers)
        self._note(cost, accuracy)
        reads = self.reads
        if reads > 1:
            text = (
                f"{self._name} has been read {reads} times in this run. Whoever looks again, changes something and "
                "keeps the best score is in for a false discovery: only the first reading is an honest estimate. "
                "Choose with the validation set"
            )
            self._warn(text)
        return cost, accuracy

    def _note(self, cost: float, accuracy: float) -> None:
        self._here += 1
        if self._log is not None:
            time = datetime.now(UTC).isoformat(timespec="seconds")
            record = {"data": self._name, "time": time, "cost": cost, "accuracy": accuracy}
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def _is_of_this(self, line: bytes) -> bool:
        """Whether a line is of a reading of this test set; one that cannot be read may be."""
        try:
            return dict(json.loads(line))["data"] == self._name
        except (ValueError, TypeError, KeyError, RecursionError):
            return True
