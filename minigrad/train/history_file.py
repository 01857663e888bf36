"""A history as a file of JSON lines, one for each step, look and epoch: it can be followed while it grows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from minigrad.checks import is_number
from minigrad.data.given import as_path, require_given
from minigrad.errors import DataError
from minigrad.train.files import write_atomically
from minigrad.train.history import Epoch, History, Look, Step

Record = dict[str, Any]


class HistoryFile:
    """Writes a history while it grows; each line is handed to the system at once.

    Parameters
    ----------
    path : path-like or None
        What is there is replaced by what `history` holds already. None: nothing is written.
    history : History
        What is added to it, `update` adds to the file.
    """

    def __init__(self, path: str | os.PathLike[str] | None, history: History) -> None:
        self._history, self._file = history, None
        if path is not None:
            save_lines(history, path)
            self._file = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 - closed in __exit__
        self._written = _sizes(history)

    def update(self) -> None:
        """Write what is new."""
        if self._file is not None:
            self._file.writelines(_lines(self._history, *self._written))
            self._file.flush()
            self._written = _sizes(self._history)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._file is not None:
            self.update()
            self._file.close()


def save_history(history: History, folder: str | os.PathLike[str]) -> None:
    """Write ``history.jsonl``, all figures, and ``history.csv``, a line for every epoch, into an existing folder."""
    require_given("save_history", history=history, folder=folder)
    save_lines(history, Path(folder, "history.jsonl"))
    save_epochs(history, Path(folder, "history.csv"))


def save_lines(history: History, path: str | os.PathLike[str]) -> None:
    """Write all figures as lines of JSON, in the order in which they came."""
    write_atomically(path, as_bytes(history))


def as_bytes(history: History) -> bytes:
    """The content of a file of all figures."""
    return "".join(_lines(history, *_NOTHING)).encode()


def save_epochs(history: History, path: str | os.PathLike[str]) -> None:
    """Write the figures of every epoch as comma-separated values."""
    rows = [("epoch", *Epoch._fields), *((number, *epoch) for number, epoch in enumerate(history.epochs, start=1))]
    write_atomically(path, "".join(",".join(map(str, row)) + "\n" for row in rows).encode())


def load_history(path: str | os.PathLike[str]) -> History:
    """Read what `fit` wrote with ``log=``, or `save_history`.

    A last line without an end is left out: it was being written when the run ended.

    Raises
    ------
    DataError
        If there is no such file, or a line is no record of a history.
    """
    path = as_path("load_history", "path", path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such history")
    *whole, _ = path.read_bytes().split(b"\n")
    history = History()
    for number, line in enumerate(whole, start=1):
        try:
            _add(history, json.loads(line))
        except Exception as error:  # whatever a hostile line may raise
            reason = " ".join(str(error).split())
            raise DataError(f"{path}: line {number} is no record of a history: {reason}") from error
    return history


_NOTHING = (-1, 0, 0, 0, "")  # before the line that says what the run is


def _sizes(history: History) -> tuple[int, int, int, int, str]:
    return 0, len(history.steps), len(history.looks), len(history.epochs), history.stopped


def _lines(history: History, about: int, steps: int, looks: int, epochs: int, stopped: str) -> Iterator[str]:
    """The lines of what a history holds beyond these sizes."""
    found: list[tuple[float, int, Record]] = [(about, 0, {"run": history.about})] if about < 0 else []
    found += [(n, 1, {"step": n, **step._asdict()}) for n, step in enumerate(history.steps[steps:], steps + 1)]
    found += [(look.look, 2, look._asdict()) for look in history.looks[looks:]]
    found += [(e.steps, 3, {"epoch": n, **e._asdict()}) for n, e in enumerate(history.epochs[epochs:], epochs + 1)]
    if history.stopped != stopped:
        found.append((float("inf"), 4, {"stopped": history.stopped}))
    return (json.dumps(record) + "\n" for _, _, record in sorted(found, key=itemgetter(0, 1)))


def _add(history: History, record: Record) -> None:
    match next(iter(record)):
        case "run":
            history.about = dict(record["run"])
        case "step":
            history.steps.append(Step(**_numbered(record, "step", len(history.steps))))
        case "epoch":
            figures = _numbered(record, "epoch", len(history.epochs))
            history.epochs.append(Epoch(**figures | {"steps": int(figures["steps"])}))
        case "look":
            norms = {name: _numbers(value) for name, value in record.items() if name != "look"}
            history.looks.append(Look(int(record["look"]), **norms))
        case "stopped":
            history.stopped = str(record["stopped"])
        case other:
            raise DataError(f"it begins with {other!r}")


def _numbered(record: Record, kind: str, before: int) -> Record:
    if record.pop(kind) != before + 1:
        raise DataError(f"{kind} {before + 1} is missing")
    return _numbers(record)


def _numbers(figures: Record) -> Record:
    if not all(map(is_number, figures.values())):
        raise DataError("a figure is no number")
    return figures
