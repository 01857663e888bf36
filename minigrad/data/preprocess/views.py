"""Data sets whose examples are preprocessed when they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.checks import require_like, shown
from minigrad.data.arrays import Dataset, View
from minigrad.data.given import as_array
from minigrad.data.preprocess.fitted import Preprocessing
from minigrad.data.preprocess.scaling import ChannelMean
from minigrad.errors import DataError


class Preprocessed(View):
    """A data set, the first array of which goes through a transform.

    Parameters
    ----------
    dataset : Dataset
        Examples first, then whatever else there is.
    transform : Preprocessing
        Fitted, on the training set. Views can be stacked where there are several.

    Examples
    --------
    >>> mean = MeanImage().fit(train)
    >>> train, test = Preprocessed(train, mean), Preprocessed(test, mean)
    """

    def __init__(self, dataset: Dataset, transform: Preprocessing) -> None:
        super().__init__(dataset)
        self.transform = require_like(
            type(self).__name__, "transform", transform, "a Preprocessing", "transform", "state_dict"
        )

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        examples, *rest = self.dataset[index]
        return (self.transform.transform(examples), *rest)


class Centred(Preprocessed):
    """A data set of images with a mean of each channel taken off.

    Parameters
    ----------
    dataset : Dataset
        Images (..., C, H, W) first, then whatever else there is.
    mean : sequence of float
        C numbers, those of `channel_mean` of the training images.
    """

    def __init__(self, dataset: Dataset, mean: Sequence[float]) -> None:
        transform = ChannelMean()
        array = as_array("Centred", "mean", mean)
        if array.ndim != 1 or not np.isfinite(array).all():
            raise DataError(f"Centred: mean must be a finite number for each channel, got {shown(mean)}")
        transform.load_state_dict({"mean": array.astype(np.float64)[:, None, None]})
        super().__init__(dataset, transform)


def channel_mean(dataset: Dataset) -> tuple[float, ...]:
    """The mean of each channel over all pixels of a data set of images (N, C, H, W), as numbers: `ChannelMean`.

    It is for the training images to say, and for all others to be centred with: the course's preprocessing.

    Raises
    ------
    DataError
        For a data set that is empty, or not of images.
    """
    return tuple(ChannelMean().fit(dataset).mean_.ravel().tolist())
