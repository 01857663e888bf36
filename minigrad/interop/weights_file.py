"""One reader for files of weights, whoever wrote them: what is inside decides, not the name."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from minigrad.errors import DataError
from minigrad.interop.torch_file import load_torch
from minigrad.train.weights import load_weights

_PICKLE = b"\x80"  # with which PyTorch's older files begin
_MOST_GROWTH = 100  # by decompression; weights hardly grow at all


def read_weights(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """Read the arrays of a file: safetensors, PyTorch's `.pth` and `.pt` of either format, or NumPy's `.npz`.

    Returns
    -------
    dict
        Arrays by name, for `match` and `Module.load_state_dict`.

    Raises
    ------
    DataError
        If there is no such file, if it is damaged or in no format that is known. Nothing in a file is run.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of weights")
    with path.open("rb") as file:
        is_pickle = file.read(1) == _PICKLE
    if is_pickle:
        return load_torch(path)
    if not zipfile.is_zipfile(path):
        return load_weights(path)[0]
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if not all(member.filename.endswith(".npy") for member in members):
        return load_torch(path)
    growth = sum(member.file_size for member in members) / path.stat().st_size
    if growth > _MOST_GROWTH:
        raise DataError(f"{path}: this file of arrays is not read: they are {growth:,.0f} times as large as the file")
    return _read_npz(path)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:  # whatever a hostile file may raise: it cannot be used
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: this file of arrays is damaged: {reason}") from error
