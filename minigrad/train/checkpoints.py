"""The checkpoints of a training: when they are written, which are kept, and from which one it goes on."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from minigrad.data.given import require_given
from minigrad.data.integers import require_integer
from minigrad.errors import DataError, MinigradError
from minigrad.train import checkpoint_folder
from minigrad.train.files import make_folder, sync_folder
from minigrad.train.run_state import RunState
from minigrad.train.snapshot import Snapshot, put_back, take
from minigrad.train.warn import warn

_NAME = re.compile(r"(damaged-)?(\d{6,})-step-\d+(?:-epoch-(\d+))?")
_PASSING = (".writing-", ".removing-")  # what a process that was killed may leave


class Entry(NamedTuple):
    """A checkpoint in its folder; `epoch` is the one at whose end it was written, or 0."""

    path: Path
    number: int
    epoch: int
    set_aside: bool


class Checkpoints:
    """Where `fit` saves all that a training depends on, so that it can go on as if it had never stopped.

    One is written at the end of every epoch, and every so many steps. Each is a folder ``NUMBER-step-STEP`` of
    safetensors files, the history and a manifest with checksums. It is written under another name, put onto the disk,
    and then renamed: there is a whole one under its name, or none. Older ones are removed after that.

    Parameters
    ----------
    folder : path-like
        For the checkpoints of one training and nothing else; it is made.
    every : int, optional
        Steps from one to the next, beside those at the ends of epochs.
    keep : int
        How many of the last to keep, beside that of the best epoch.
    warn : callable, optional
        Called with the text that names a damaged checkpoint, instead of a `MinigradWarning`.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every: int | None = None,
        keep: int = 2,
        warn: Callable[[str], object] = warn,
    ) -> None:
        require_given("Checkpoints", folder=folder, warn=warn)
        self.folder = Path(folder)
        self.every = None if every is None else require_integer("Checkpoints: every", every, 1)
        self.keep = require_integer("Checkpoints: keep", keep, 1)
        self._warn = warn

    def begin(self, run: RunState, resume: bool) -> None:
        """Put the newest valid checkpoint into a run that is to go on; damaged ones are named, and set aside.

        Raises
        ------
        DataError
            If there are checkpoints that the run would mix with, if none of them can be used, or if the newest valid
            one does not fit the run.
        """
        take(run)  # finds what could not be saved before anything is trained
        make_folder("Checkpoints", self.folder)
        entries = [entry for entry in self._entries() if not entry.set_aside]
        if entries and not resume:
            raise DataError(
                f"{self.folder}: there are checkpoints already; resume the training, or name another folder"
            )
        if entries:
            number, snapshot = self._newest_valid(entries)
            put_back(run, snapshot, entries[number].path)
            for entry in entries[number + 1 :]:
                entry.path.rename(entry.path.with_name(f"damaged-{entry.path.name}"))
        for path in self.folder.iterdir():
            if path.name.startswith(_PASSING):
                shutil.rmtree(path)

    def after_step(self, run: RunState) -> None:
        """Write one if it is time; not after an epoch's last step, for there is one at its end."""
        if self.every and run.step % self.every == 0 and run.so_far.count < len(run.loader.dataset):
            self._write(run, "")

    def after_epoch(self, run: RunState) -> None:
        """Write one."""
        self._write(run, f"-epoch-{len(run.history.epochs)}")

    def _write(self, run: RunState, suffix: str) -> None:
        number = max((entry.number for entry in self._entries()), default=0) + 1
        name = f"{number:06}-step-{run.step}{suffix}"
        temporary = self.folder / f".writing-{name}"
        try:
            checkpoint_folder.write(temporary, take(run))
            temporary.rename(self.folder / name)
            sync_folder(self.folder)
        except OSError as error:
            raise MinigradError(
                f"{self.folder}: the checkpoint after step {run.step} could not be written, "
                f"those before are as they were: {error.strerror or error}"
            ) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        self._remove_old(run)

    def _remove_old(self, run: RunState) -> None:
        entries = [entry for entry in self._entries() if not entry.set_aside]
        best = run.history.best_epoch if run.history.epochs else 0
        kept = entries[-self.keep :] + [entry for entry in entries if best and entry.epoch == best][-1:]
        for entry in entries:
            if entry not in kept:  # half a checkpoint must not be found under its name
                removing = entry.path.rename(self.folder / f".removing-{entry.path.name}")
                shutil.rmtree(removing)

    def _entries(self) -> list[Entry]:
        found = ((path, _NAME.fullmatch(path.name)) for path in self.folder.iterdir())
        entries = [Entry(path, int(name[2]), int(name[3] or 0), bool(name[1])) for path, name in found if name]
        return sorted(entries, key=lambda entry: entry.number)

    def _newest_valid(self, entries: list[Entry]) -> tuple[int, Snapshot]:
        for number in reversed(range(len(entries))):
            try:
                return number, checkpoint_folder.read(entries[number].path)
            except DataError as error:
                self._warn(f"{error}; it is skipped")
        raise DataError(f"{self.folder}: none of its {len(entries)} checkpoints can be used")
