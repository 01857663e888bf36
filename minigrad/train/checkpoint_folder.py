"""One checkpoint of a training: a folder of files, and a manifest that vouches for each and for itself."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from minigrad.errors import DataError
from minigrad.train.files import sync_folder, write_new
from minigrad.train.history_file import as_bytes, load_history
from minigrad.train.snapshot import Snapshot
from minigrad.train.weights import load_weights, packed
from minigrad.version import __version__

MANIFEST = "manifest.json"
_ARRAYS = ("weights.safetensors", "best.safetensors", "optimizer.safetensors")
_HISTORY = "history.jsonl"
_FORMAT, _LARGEST_MANIFEST = 1, 2**24


def write(folder: Path, snapshot: Snapshot) -> None:
    """Write a snapshot into a new folder; all of it is on the disk when this returns, but for the folder's name."""
    weights, best, optimizer, history, state = snapshot
    parts = zip(_ARRAYS, (weights, best, optimizer), strict=True)
    folder.mkdir()
    files = {name: _written(folder / name, packed(part)) for name, part in parts}
    files[_HISTORY] = _written(folder / _HISTORY, as_bytes(history))
    manifest: dict[str, Any] = {"format": _FORMAT, "minigrad": __version__, "files": files, "state": state}
    manifest["sha256"] = _digest(_canonical(manifest))
    write_new(folder / MANIFEST, json.dumps(manifest, indent=1, default=_as_number).encode())
    sync_folder(folder)


def read(folder: Path) -> Snapshot:
    """Read a checkpoint, every byte of which is as it was written.

    Raises
    ------
    DataError
        If anything is missing, damaged or not as `write` makes it.
    """
    try:
        manifest = _manifest(folder / MANIFEST)
        for name, about in manifest["files"].items():
            _verify(folder / name, about)
        weights, best, optimizer = (load_weights(folder / name)[0] for name in _ARRAYS)
        return Snapshot(weights, best, optimizer, load_history(folder / _HISTORY), dict(manifest["state"]))
    except Exception as error:  # whatever a hostile file may raise
        reason = " ".join(str(error).split()).removeprefix(f"{folder}/")
        raise DataError(f"{folder}: this checkpoint is damaged: {reason}") from error


def _written(path: Path, data: bytes) -> dict[str, Any]:
    write_new(path, data)
    return {"bytes": len(data), "sha256": _digest(data)}


def _manifest(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    if path.stat().st_size > _LARGEST_MANIFEST:
        raise DataError(f"{path}: it is larger than {_LARGEST_MANIFEST} bytes")
    manifest = dict(json.loads(path.read_bytes()))
    digest = manifest.pop("sha256", None)
    if digest != _digest(_canonical(manifest)):
        raise DataError(f"{path}: its checksum is wrong")
    if manifest["format"] != _FORMAT:
        raise DataError(f"{path}: its format is {manifest['format']!r}, this version of minigrad reads {_FORMAT}")
    if set(manifest["files"]) != {*_ARRAYS, _HISTORY}:  # no other name is ever opened
        raise DataError(f"{path}: it names the files {sorted(manifest['files'])}")
    return manifest


def _verify(path: Path, about: dict[str, Any]) -> None:
    if path.is_symlink() or not path.is_file():
        raise DataError(f"{path}: there is no such file")
    size = path.stat().st_size
    if size != about["bytes"]:
        raise DataError(f"{path}: it has {size} bytes, not {about['bytes']}")
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != about["sha256"]:
            raise DataError(f"{path}: its checksum is wrong")


def _canonical(content: dict[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=_as_number).encode()


def _as_number(value: Any) -> Any:
    """A setting that is a NumPy scalar, as JSON can hold it."""
    return value.item()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
