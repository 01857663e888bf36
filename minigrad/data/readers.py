"""From files to arrays: which files a split is in, local or downloaded, and whether they hold what they should."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from minigrad.checks import as_one_of
from minigrad.data.cifar import PIXELS, parse_records
from minigrad.data.download import fetch
from minigrad.data.idx import read_idx
from minigrad.data.local import folder_asked_for, folder_with
from minigrad.data.reading import open_data
from minigrad.data.sources import DatasetInfo
from minigrad.data.tar import read_members
from minigrad.errors import DataError

PathLike = str | os.PathLike[str]
Arrays = tuple[np.ndarray, np.ndarray]

_MOST_UNPACKED: Final = 2**28  # CIFAR-10's archive unpacks to 184 MB, CIFAR-100's to as much

# The files of MNIST and Fashion-MNIST have the same names and sizes: the first labels tell them apart.
_FIRST_LABELS: Final = {
    ("mnist", "train"): (5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5),
    ("mnist", "test"): (7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6),
    ("fashion_mnist", "train"): (9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9),
    ("fashion_mnist", "test"): (9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5),
}


def require_split(info: DatasetInfo, split: str) -> int:
    """How many images the split has; DataError if there is no such split."""
    as_one_of(info.name, "split", split, *info.images)
    return info.images[split]


def read_mnist(info: DatasetInfo, split: str, data_dir: PathLike | None, download: bool) -> Arrays:
    """Images, uint8 (N, 1, 28, 28), and labels, uint8 (N,), of MNIST or its like."""
    count = require_split(info, split)
    files = [file for file in info.files if file.name.startswith("train" if split == "train" else "t10k")]
    given = folder_asked_for(info.name, data_dir)
    if given is None:
        paths = [fetch(info.name, file, download) for file in files]
    else:
        names = {file.name: file.name.removesuffix(".gz") for file in files}
        folder = folder_with(info, given, [*names, *names.values()])
        paths = [folder / (raw if (folder / raw).is_file() else zipped) for zipped, raw in names.items()]
    with open_data(paths[0]) as stream:
        images = read_idx(stream, info.shape[1:], count)
    with open_data(paths[1]) as stream:
        labels = read_idx(stream, (), count)
        if len(labels) != len(images):
            raise DataError(f"there must be a label for each of the {len(images):,} images, got {len(labels):,}")
        _require_labels(labels[:, None], [len(info.classes)])
        _require_not_another(info, split, labels)
    return images[:, None], labels


def read_cifar(
    info: DatasetInfo,
    split: str,
    batches: Sequence[str],
    classes: Sequence[int],
    data_dir: PathLike | None,
    download: bool,
) -> Arrays:
    """Images, uint8 (N, 3, 32, 32), and labels, uint8 (N, len(classes)), of the batches that there are.

    `classes` are the numbers of classes that the labels of a record choose from.
    """
    most = require_split(info, split) // len(batches)
    (archive,) = info.files
    given = folder_asked_for(info.name, data_dir)
    if given is None:
        parts = _from_archive(info, fetch(info.name, archive, download), batches, classes, most)
    else:
        folder = folder_with(info, given, [*batches, archive.name])
        paths = [folder / name for name in batches if (folder / name).is_file()]
        parts = [_from_file(path, classes, most) for path in paths]
        if not parts:
            parts = _from_archive(info, folder / archive.name, batches, classes, most)
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return images, labels


def _from_file(path: Path, classes: Sequence[int], most: int) -> Arrays:
    with open_data(path) as stream:
        # One byte more than there may be shows that there are too many.
        return _checked_records(stream.read(most * _record(classes) + 1), classes, most)


def _from_archive(
    info: DatasetInfo, path: Path, batches: Sequence[str], classes: Sequence[int], most: int
) -> list[Arrays]:
    names = [f"{info.folders[0]}/{batch}" for batch in batches]
    with open_data(path) as stream:
        members = read_members(stream, dict.fromkeys(names, most * _record(classes)), _MOST_UNPACKED)
        if not members:
            raise DataError(f"the archive has none of {', '.join(names)}")
        return [_checked_records(members[name], classes, most) for name in names if name in members]


def _record(classes: Sequence[int]) -> int:
    return len(classes) + PIXELS


def _checked_records(data: bytes, classes: Sequence[int], most: int) -> Arrays:
    images, labels = parse_records(data, len(classes), most)
    _require_labels(labels, classes)
    return images, labels


def _require_labels(labels: np.ndarray, classes: Sequence[int]) -> None:
    """Raise DataError unless each column of labels, (N, columns), is below its number of classes."""
    for column, number in zip(labels.T, classes, strict=True):
        if column.max() >= number:
            raise DataError(f"labels must be below {number}, got {column.max()}")


def _require_not_another(info: DatasetInfo, split: str, labels: np.ndarray) -> None:
    for (name, part), first in _FIRST_LABELS.items():
        if (name, part) != (info.name, split) and tuple(labels[: len(first)]) == first:
            raise DataError(f"these are the labels of {name}, {part}, not of {info.name}, {split}")
