"""Data sets by a name or a folder: parts to train on, to validate on, and to test on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from minigrad.data import Dataset, ImageFolder, datasets, split
from minigrad.data.folder import MODES
from minigrad.errors import DataError
from minigrad.train.checkpoint import Description

SPLIT_SEED = 0  # the parts are the same in every run: --seed draws the weights and the order of the batches
VALIDATION = (0.9, 0.1)
VALIDATION_AND_TEST = (0.7, 0.15, 0.15)

Shape = tuple[int, int, int]


class Sets(NamedTuple):
    """Disjoint parts, whose images are float32 in [0, 1]."""

    train: Dataset
    validation: Dataset
    test: Dataset
    classes: tuple[str, ...]
    in_shape: Shape


def load_sets(data: str, data_dir: Path | None, image: Shape) -> Sets:
    """Load the data set called `data`, or the images of that folder, scaled to the height and channels of `image`."""
    info = datasets.registry().get(data)
    if info is None:
        if data_dir is not None:
            raise DataError(f"--data-dir: it goes with the name of a data set; {data} is none")
        return _sets_of_folder(Path(data), image)
    whole = datasets.load(data, "train", data_dir)
    test = datasets.load(data, "test", data_dir) if "test" in info.images else None
    return Sets(*_parts(whole, test), info.classes, info.shape)


def load_test(data: str, data_dir: Path | None, description: Description) -> Dataset:
    """Load what a trained network is to be tested on: a test set, or all images of a folder that it has not seen."""
    sets = _sets_for(data, data_dir, description)
    is_other = data not in datasets.registry() and data_name(data) != description.data
    if is_other and not _has_parts(Path(data)):
        return _folder(Path(data), description.image_shape)
    return sets.test


def load_validation(data_dir: Path | None, description: Description) -> Dataset:
    """Load what was kept for validation when a network was trained."""
    return _sets_for(description.data, data_dir, description).validation


def load_train(data_dir: Path | None, description: Description) -> Dataset:
    """Load what a network was trained on."""
    return _sets_for(description.data, data_dir, description).train


def _sets_for(data: str, data_dir: Path | None, description: Description) -> Sets:
    """Data that a trained network can take."""
    shape: Shape = description.image_shape
    sets = load_sets(data, data_dir, shape)
    if sets.in_shape != shape:
        raise DataError(f"--data: {data} has images {_times(sets.in_shape)}, the network takes {_times(shape)}")
    if sets.classes != description.classes:
        raise DataError(f"--data: the classes of {data} are not those that the network was trained on")
    return sets


def data_name(data: str) -> str:
    """How a checkpoint names data, wherever it is used: a folder by its whole path."""
    return data if data in datasets.registry() else str(Path(data).resolve())


def describe(sets: Sets) -> str:
    """How many images there are, of what."""
    counts = f"{len(sets.train):,} images to train, {len(sets.validation):,} to validate, {len(sets.test):,} to test"
    return f"{counts}; {_times(sets.in_shape)}, {len(sets.classes)} classes"


def _parts(whole: Dataset, test: Dataset | None) -> tuple[Dataset, Dataset, Dataset]:
    if test is None:
        train, validation, test = split(whole, VALIDATION_AND_TEST, seed=SPLIT_SEED)
    else:
        train, validation = split(whole, VALIDATION, seed=SPLIT_SEED)
    return train, validation, test


def _sets_of_folder(root: Path, image: Shape) -> Sets:
    if not root.is_dir():
        raise DataError(f"--data: {root} is no folder, and no data set; those are {', '.join(datasets.registry())}")
    if not _has_parts(root):
        whole = _folder(root, image)
        return Sets(*_parts(whole, None), whole.classes, image)
    whole, test = (_folder(root / part, image) for part in ("train", "test"))
    if whole.classes != test.classes:
        raise DataError(f"--data: {root / 'train'} and {root / 'test'} must hold folders of the same names")
    return Sets(*_parts(whole, test), whole.classes, image)


def _has_parts(root: Path) -> bool:
    return (root / "train").is_dir() and (root / "test").is_dir()


def _folder(root: Path, image: Shape) -> ImageFolder:
    channels, height, width = image
    if channels not in MODES or height != width:
        raise DataError(f"--data: images of a folder become squares, grey or RGB; the network takes {_times(image)}")
    return ImageFolder(root, size=height, channels=channels)


def _times(shape: Shape) -> str:
    return "x".join(map(str, shape))
