"""Data sets: arrays that belong together, and the ones bundled with minigrad."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minigrad.errors import DataError

_FILES = Path(__file__).parent / "files"


class ArrayDataset:
    """Arrays of equal first length; ``dataset[index]`` is the tuple of ``array[index]``.

    Parameters
    ----------
    *arrays : numpy.ndarray
        Of shape (N, ...) each: images and labels, say. They are kept, not copied.

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

    def __init__(self, *arrays: np.ndarray) -> None:
        self.arrays = tuple(np.asarray(array) for array in arrays)
        if not self.arrays:
            raise DataError("ArrayDataset: needs at least one array, got none")
        shapes = [array.shape for array in self.arrays]
        if () in shapes:
            raise DataError(f"ArrayDataset: needs arrays with a first axis, got the shapes {shapes}; add the axis")
        if len({shape[0] for shape in shapes}) > 1:
            raise DataError(f"ArrayDataset: needs arrays of equal first length, got the shapes {shapes}")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def __repr__(self) -> str:
        parts = ", ".join(f"{array.dtype.name}{list(array.shape)}" for array in self.arrays)
        return f"ArrayDataset({parts})"


def digits() -> ArrayDataset:
    """The bundled UCI digits: 1,797 handwritten digits, in the order of the source.

    Returns
    -------
    ArrayDataset
        Images, float32 (1797, 1, 8, 8), scaled from 0..16 to [0, 1]; labels, int64 (1797,), 0 to 9.

    Notes
    -----
    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
    doi:10.24432/C50P49, CC BY 4.0.
    """
    with np.load(_FILES / "digits.npz") as file:
        images, labels = file["images"], file["labels"]
    return ArrayDataset(images[:, None].astype(np.float32) / 16, labels.astype(np.int64))
