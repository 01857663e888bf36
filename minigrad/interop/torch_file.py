"""PyTorch's files of weights, `.pth` and `.pt`, read without PyTorch and without running anything that is in them."""

from __future__ import annotations

import math
import os
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from minigrad.checks import require_texts
from minigrad.data.given import as_path
from minigrad.errors import DataError
from minigrad.interop.torch_pickle import Machine, Pieces
from minigrad.interop.torch_tensors import NAMES, Lazy, Order, Storage, storage_of

MAGIC = 0x1950A86A20F9469CFC6C  # of the format before PyTorch 1.6: several pickles, then the storages
_VERSION = 1001
_COUNT_BYTES = 8  # of the number of elements before each storage
_MOST_SHARING = 4  # times the elements of the storages: tied weights share, but not that much
_USUAL = ("state_dict", "model_state_dict", "model", "net", "weights", "params")


def load_torch(path: str | os.PathLike[str], entry: str | None = None) -> dict[str, np.ndarray]:
    """Read the tensors of a file that `torch.save` wrote: of a state dict, or of a checkpoint that has one.

    Both formats are read: zip, since PyTorch 1.6, and the one before. float16 and bfloat16 become float32, int8 and
    int16 int32. Tensors that share memory in the file do not share it here.

    Parameters
    ----------
    path : path-like
        The file.
    entry : str, optional
        In a checkpoint, a dict of several things, the name of the state dict. By default it is looked for under the
        usual names, "state_dict", "model" and the like, then among all entries.

    Returns
    -------
    dict
        Arrays by name, for `Module.load_state_dict`.

    Raises
    ------
    DataError
        If there is no such file, if it is damaged, if it holds anything but tensors, numbers, strings and containers
        of them (a module with its code, say), or if it has no state dict, or several.

    Notes
    -----
    Nothing that a file names is imported or called: the reader knows six names, and stops at any other.
    """
    path = as_path("load_torch", "path", path)
    require_texts("load_torch", entry="" if entry is None else entry)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file of weights")
    try:
        content = _read_zip(path) if zipfile.is_zipfile(path) else _read_legacy(path)
        found = _tensors(content, entry)
        _require_bounded(found)
        arrays = {name: value.array() for name, value in found.items()}
    except DataError as error:
        raise DataError(f"{path}: this file of PyTorch cannot be used: {error}") from error
    except Exception as error:  # whatever a hostile file may raise: it cannot be used
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: this file of PyTorch cannot be used: it is damaged: {reason}") from error
    return arrays


def _read_zip(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        members = {member.filename: member for member in archive.infolist()}
        pickles = [name for name in members if name.split("/")[1:] == ["data.pkl"]]
        if len(pickles) != 1:
            raise DataError("it is a zip file, but has no data.pkl in a folder")
        if any(member.compress_type != zipfile.ZIP_STORED for member in members.values()):
            raise DataError("its members are compressed, which PyTorch does not do")
        if sum(member.file_size for member in members.values()) > path.stat().st_size:
            raise DataError("its members overlap")
        folder = pickles[0].removesuffix("data.pkl")
        order: Order = ">" if folder + "byteorder" in members and archive.read(folder + "byteorder") == b"big" else "<"
        storages: dict[str, Storage] = {}

        def load(identifier: Any) -> Storage:
            storage = storages.setdefault(identifier[2], storage_of(identifier))
            if storage.values is None:
                storage.fill(archive.read(f"{folder}data/{storage.key}"), order)
            return storage

        with archive.open(pickles[0]) as stream:
            return Machine(stream, NAMES, load).read()


def _read_legacy(path: Path) -> Any:
    storages: dict[str, Storage] = {}

    def note(identifier: Any) -> Storage:
        if len(identifier) > 5 and identifier[5] is not None:
            raise DataError("its storages are views of others: save it again with PyTorch 1.6 or later")
        return storages.setdefault(identifier[2], storage_of(identifier))

    with path.open("rb") as stream:
        machine = Machine(stream, NAMES, note)
        if machine.read() != MAGIC:
            raise DataError("it has neither of PyTorch's formats")
        version, system = machine.read(), machine.read()
        if version != _VERSION:
            raise DataError(f"its protocol is {version!r}, known is {_VERSION}")
        content, keys = machine.read(), machine.read()
        order: Order = "<" if system["little_endian"] else ">"
        for key in keys:
            _fill(storages[key], stream, order)
    return content


def _fill(storage: Storage, stream: IO[bytes], order: Order) -> None:
    size = int.from_bytes(stream.read(_COUNT_BYTES), "little" if order == "<" else "big")
    if size != storage.size:
        raise DataError(f"storage {storage.key} has {size} elements, its description says {storage.size}")
    storage.fill(Pieces(stream).read(size * storage.dtype.itemsize), order)


def _tensors(content: Any, entry: str | None) -> dict[str, Lazy]:
    """The state dict in what a file holds."""
    if not isinstance(content, dict):
        raise DataError(f"it holds a {_kind(content)}, not a state dict")
    if entry is not None:
        if entry not in content:
            raise DataError(f"it has no entry {entry!r}; there are {', '.join(map(repr, content))}")
        found = _only_tensors(content[entry])
    else:
        found = _only_tensors(content) or _state_dict_in(content)
    if not found:
        raise DataError("it holds no tensors under names of their own")
    return found


def _require_bounded(found: dict[str, Lazy]) -> None:
    """A small file may ask for much memory, by tensors that are views of each other's."""
    stored = sum({id(tensor.storage): tensor.storage.size for tensor in found.values()}.values())
    wanted = sum(math.prod(tensor.shape) for tensor in found.values())
    if wanted > _MOST_SHARING * stored:
        raise DataError(f"its tensors have {wanted:,} elements, its storages {stored:,}")


def _state_dict_in(content: dict[Any, Any]) -> dict[str, Lazy]:
    inside = {key: tensors for key, value in content.items() if (tensors := _only_tensors(value))}
    usual = [key for key in _USUAL if key in inside]
    if not usual and len(inside) > 1:
        raise DataError(f"it has several state dicts; name one as `entry`: {', '.join(map(repr, inside))}")
    return inside[usual[0]] if usual else next(iter(inside.values()), {})


def _only_tensors(value: Any) -> dict[str, Lazy]:
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(key, str) and isinstance(item, Lazy)}


def _kind(value: Any) -> str:
    return "tensor" if isinstance(value, Lazy) else type(value).__name__
