"""One reader for files of weights, whoever wrote them: what is inside decides, not the name."""

from __future__ import annotations

import math
import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from minigrad.data.given import as_path
from minigrad.errors import DataError
from minigrad.interop.torch_file import load_torch
from minigrad.train.weights import load_weights

_PICKLE = b"\x80"  # with which PyTorch's older files begin
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
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
    path = as_path("read_weights", "path", path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of weights")
    with path.open("rb") as file:
        is_pickle = file.read(1) == _PICKLE
    if is_pickle:
        return load_torch(path)
    if not zipfile.is_zipfile(path):
        return load_weights(path)[0]
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except Exception as error:  # a file may end as a zip file does, and be none
        raise _damaged(path, error) from error
    if not all(member.filename.endswith(".npy") for member in members):
        return load_torch(path)
    growth = sum(member.file_size for member in members) / path.stat().st_size
    if growth > _MOST_GROWTH:
        raise DataError(f"{path}: this file of arrays is not read: they are {growth:,.0f} times as large as the file")
    return _read_npz(path)


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in archive.infolist()}
    except Exception as error:  # whatever a hostile file may raise: it cannot be used
        raise _damaged(path, error) from error


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """What NumPy reads, once its header does not claim more than the member has: NumPy reserves what is claimed."""
    with archive.open(member) as stream:
        version = npy.read_magic(stream)
        if version not in _HEADERS:
            raise DataError(f"{member.filename} has version {version} of NumPy's format")
        shape, _, dtype = _HEADERS[version](stream)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > member.file_size:
        raise DataError(f"{member.filename} is cut short: its header says {dtype.name}{list(shape)}")
    with archive.open(member) as stream:
        return npy.read_array(stream, allow_pickle=False)


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path}: this file of arrays is damaged: {' '.join(str(error).split())}")
