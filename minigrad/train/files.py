"""Files written in one step, and onto the disk."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from minigrad.errors import DataError


def make_folder(op: str, folder: Path) -> None:
    """Make a folder, and those above it, where there is none; DataError if that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{op}: {folder} cannot be made a folder: {error.strerror}") from error


def write_new(path: Path, data: bytes) -> None:
    """Write a file that does not exist; it is on the disk when this returns, its name when its folder is too."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file so that whoever opens it sees the old content or the new, whole; returns its path.

    The content is on the disk before the name is: a crash in between leaves the old file.
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path}: this is a folder; name a file in it")
    if not path.parent.is_dir():
        raise DataError(f"{path}: there is no folder {path.parent}; make it first")
    temporary = path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex}")  # in the same folder: a rename is one step
    try:
        write_new(temporary, data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
