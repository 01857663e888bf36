"""A person's own copies: where they are, and who asked for them."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from minigrad.data.given import as_path
from minigrad.data.sources import DatasetInfo
from minigrad.errors import DataError

VARIABLE: Final = "MINIGRAD_DATA_DIR"
HOW: Final = f"--data-dir, data_dir= or {VARIABLE}"


def folder_asked_for(op: str, data_dir: str | os.PathLike[str] | None) -> Path | None:
    """The folder that is given, or that the environment names; None if there is neither."""
    given = data_dir if data_dir is not None else os.environ.get(VARIABLE) or None
    if given is None:
        return None
    folder = as_path(op, "data_dir", given)
    if not folder.is_dir():
        raise DataError(f"{op}: {folder} is no folder; {HOW} must name the one with the files, or its parent")
    return folder


def folder_with(info: DatasetInfo, given: Path, names: Collection[str]) -> Path:
    """The folder that holds a file of any of the names: the one given, or one below it named after the data set."""
    candidates = [given, *(given / name for name in info.folders)]
    for folder in candidates:
        if any((folder / name).is_file() for name in names):
            return folder
    raise DataError(
        f"{info.name}: {given} has none of {', '.join(sorted(names))}, and no folder below it named "
        f"{' or '.join(info.folders)} has; {HOW} must name the folder with the files, or its parent"
    )
