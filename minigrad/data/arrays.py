"""Data sets in memory, and parts of data sets."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Protocol, Self

import numpy as np

from minigrad.checks import shown
from minigrad.data.given import as_array, as_names, require_dataset
from minigrad.data.integers import require_integer, require_seed
from minigrad.errors import DataError


class Dataset(Protocol):
    """A length, and the arrays of the examples at an integer, a slice, or an array of indices."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any) -> tuple[Any, ...]: ...


class ArrayDataset:
    """Arrays of equal first length; ``dataset[index]`` is the tuple of ``array[index]``.

    Parameters
    ----------
    *arrays : numpy.ndarray
        Of shape (N, ...) each: images and labels, say. They are kept, not copied.
    classes : sequence of str, optional
        What the labels 0, 1, ... stand for.

    Raises
    ------
    DataError
        For no array at all, a scalar, or first lengths that differ.

    Examples
    --------
    >>> dataset = ArrayDataset(np.zeros((5, 1, 8, 8)), np.arange(5))
    >>> len(dataset), dataset[3][1]
    (5, np.int64(3))
    """

    def __init__(self, *arrays: np.ndarray, classes: Sequence[str] = ()) -> None:
        name = type(self).__name__
        self.arrays = tuple(as_array(name, "an array", array) for array in arrays)
        self.classes = as_names(name, "classes", classes)
        if not self.arrays:
            raise DataError(f"{name}: needs at least one array, got none")
        shapes = [array.shape for array in self.arrays]
        if () in shapes:
            raise DataError(f"{name}: needs arrays with a first axis, got the shapes {shapes}; add the axis")
        if len({shape[0] for shape in shapes}) > 1:
            raise DataError(f"{name}: needs arrays of equal first length, got the shapes {shapes}")

    @property
    def targets(self) -> np.ndarray:
        """The last array: the labels, where there are any."""
        return self.arrays[-1]

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def __repr__(self) -> str:
        parts = ", ".join(f"{array.dtype.name}{list(array.shape)}" for array in self.arrays)
        return f"{type(self).__name__}({parts})"


class ImageDataset(ArrayDataset):
    """Images kept as bytes, a quarter of the memory, and given as float32 in [0, 1]: value / 255.

    Parameters
    ----------
    images : numpy.ndarray
        uint8 (N, C, H, W).
    targets : numpy.ndarray
        The labels, int64 (N,).
    classes : sequence of str, optional
        What the labels stand for.
    """

    def __init__(self, images: np.ndarray, targets: np.ndarray, classes: Sequence[str] = ()) -> None:
        super().__init__(images, targets, classes=classes)
        if self.arrays[0].dtype != np.uint8 or self.arrays[0].ndim != 4:
            raise DataError(f"ImageDataset: images must be uint8 (N, C, H, W), got {self!r}")

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        images, targets = super().__getitem__(index)
        return np.divide(images, np.float32(255), dtype=np.float32), targets


class View:
    """What is given in place of a data set: its length, its labels, its classes, and what a subclass makes of it."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = require_dataset(type(self).__name__, "dataset", dataset)

    @property
    def draws(self) -> int:
        """How many times what is read of an example is changed at random."""
        return getattr(self.dataset, "draws", 0)

    def at_epoch(self, epoch: int, seed: int) -> Self:
        """What is random in these data, as it is in an epoch with a seed: a function of both and of the index."""
        require_integer("at_epoch: epoch", epoch, 0)
        require_seed("at_epoch: seed", seed)
        view = copy.copy(self)
        view.dataset = at_epoch(self.dataset, epoch, seed)
        return view

    @property
    def targets(self) -> np.ndarray:
        """The labels."""
        return self.dataset.targets

    @property
    def classes(self) -> tuple[str, ...]:
        """What the labels stand for."""
        return self.dataset.classes

    def __len__(self) -> int:
        return len(self.dataset)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dataset!r})"


class Subset(View):
    """The examples of `dataset` at `indices`, in that order: a view, whatever it is asked for is read then.

    Parameters
    ----------
    dataset : Dataset
        What the examples are taken from.
    indices : sequence of int
        int64 (N,).
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int] | np.ndarray) -> None:
        super().__init__(dataset)
        length, places = len(dataset), as_array("Subset", "indices", indices)
        whole = places.dtype.kind in "iu" or not places.size
        if not whole or places.ndim != 1 or ((places < -length) | (places >= length)).any():
            raise DataError(f"Subset: needs indices (N,) into {length} examples, got {shown(indices)}")
        self.indices = places.astype(np.int64)

    @property
    def targets(self) -> np.ndarray:
        """The labels of these examples."""
        return super().targets[self.indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return self.dataset[self.indices[index]]

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def at_epoch(dataset: Dataset, epoch: int, seed: int) -> Dataset:
    """The data set as it is in an epoch: another view, where it has the method, or the same."""
    method = getattr(dataset, "at_epoch", None)
    return dataset if method is None else method(epoch, seed)
