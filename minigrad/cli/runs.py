"""Run folders: what one training run leaves behind. Nothing in them is ever overwritten by another run."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from minigrad.data.arrays import Dataset
from minigrad.errors import DataError
from minigrad.train import LockedTestSet
from minigrad.train.files import write_atomically

WEIGHTS = "weights.safetensors"
HISTORY = "history.jsonl"
SETTINGS = "settings.json"
RESULT = "result.json"
FITTED = "preprocessing.safetensors"
CHECKPOINTS = "checkpoints"
_READS = "test-reads.jsonl"


def new_folder(wanted: Path | None, name: str) -> Path:
    """Make the folder a user names, which may exist if it is empty, or the next free of runs/NAME, runs/NAME-2, ..."""
    if wanted is not None:
        require_free(wanted)
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted
    Path("runs").mkdir(exist_ok=True)
    for number in itertools.count(1):
        folder = Path("runs", name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("numbers do not end")


def require_free(folder: Path) -> None:
    """Raise DataError unless a run may be written into `folder`."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"--out: {folder} exists and is not empty; name another folder, or remove it")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file that people and programs read."""
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def settings_of(run: Path) -> dict[str, Any]:
    """The settings of a training that was stopped."""
    if not (run / SETTINGS).is_file():
        raise DataError(f"--resume: {run} is no folder of a training; `minigrad train` makes them")
    if (run / RESULT).exists():
        raise DataError(f"--resume: the training of {run} has ended")
    try:
        return _settings(run)
    except DataError as error:
        raise DataError(f"--resume: {error}") from error


def data_dir_of(run: Path) -> Path | None:
    """The local copy of the data that a training was given, if it was given one."""
    value = _settings(run).get("data_dir") if (run / SETTINGS).is_file() else None
    return Path(value) if isinstance(value, str) else None


def _settings(run: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((run / SETTINGS).read_bytes()))
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{run / SETTINGS} is damaged: {error}") from error


def locked(test: Dataset, data: str, run: Path) -> LockedTestSet:
    """A test set whose readings are counted in the run folder, if it is one."""
    log = run / _READS if (run / SETTINGS).exists() else None
    return LockedTestSet(test, log=log, name=f"the test set of {data}", warn=warn)


def warn(text: str) -> None:
    """Say what went well, but not as it should."""
    click.echo(f"minigrad: warning: {text}", err=True)


def weights_of(run: Path) -> Path:
    """The file of weights that RUN names: itself, or the one in a run folder."""
    path = run / WEIGHTS if run.is_dir() else run
    if not path.is_file():
        raise DataError(
            f"{run}: there are no weights; RUN is a folder that `minigrad train` made, or a file of weights"
        )
    return path
