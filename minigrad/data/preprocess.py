"""What is done to images before a network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.errors import DataError

_AT_ONCE = 1_024  # images: so that those that are read from files need little memory


def channel_mean(dataset: Dataset) -> tuple[float, ...]:
    """The mean of each channel over all pixels of a data set of images (N, C, H, W).

    It is for the training images to say, and for all others to be centred with: the course's preprocessing.

    Raises
    ------
    DataError
        For a data set that is empty, or not of images.
    """
    total: Any = 0.0
    for begin in range(0, len(dataset), _AT_ONCE):
        images = dataset[np.arange(begin, min(begin + _AT_ONCE, len(dataset)))][0]
        if images.ndim != 4:
            raise DataError(f"channel_mean: needs images (N, C, H, W), got the shape {images.shape}")
        total = total + images.mean((2, 3), dtype=np.float64).sum(0)
    if not len(dataset):
        raise DataError("channel_mean: needs a data set with images, got an empty one")
    return tuple((total / len(dataset)).tolist())


class Centred:
    """A data set of images with a mean of each channel taken off.

    Parameters
    ----------
    dataset : Dataset
        Images (..., C, H, W) first, then whatever else there is.
    mean : sequence of float
        C numbers, those of `channel_mean` of the training images.
    """

    def __init__(self, dataset: Dataset, mean: Sequence[float]) -> None:
        self.dataset = dataset
        self.mean = np.asarray(mean, np.float32)[:, None, None]

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        images, *rest = self.dataset[index]
        return (images - self.mean, *rest)
