"""Means taken off, and standard deviations divided by: of each feature, or of each channel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.data.integers import require_number
from minigrad.data.preprocess.fitted import Preprocessing
from minigrad.data.preprocess.moments import Moments, moments, squares, stream
from minigrad.errors import DataError, ShapeError

_EPS = 1e-5


class MeanImage(Preprocessing):
    """Take off the mean image: x - mean.

    Attributes
    ----------
    mean_ : numpy.ndarray
        Of the shape of an example: every pixel's mean over the training set.

    Notes
    -----
    Source: Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural networks,
    section 2.
    """

    names: ClassVar[tuple[str, ...]] = ("mean",)

    def fit(self, dataset: Dataset | np.ndarray) -> Self:
        self._learn(*self._moments(*stream(type(self).__name__, dataset)))
        return self

    def transform(self, examples: Any) -> np.ndarray:
        x = self._require(examples, self.mean_.shape)
        return x - self.array("mean", x.dtype)

    def inverse_transform(self, values: Any) -> np.ndarray:
        y = self._require(values, self.mean_.shape)
        return y + self.array("mean", y.dtype)

    def _moments(self, shape: tuple[int, ...], parts: Iterator[np.ndarray]) -> Moments:
        rows = (part.reshape(len(part), -1) for part in parts)
        count, mean, scatter = moments(type(self).__name__, rows, 0, squares)
        return count, mean.reshape(shape), scatter.reshape(shape)

    def _learn(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        self._keep(mean=mean)

    def _fit_together(self, **arrays: np.ndarray) -> bool:
        return len({array.shape for array in arrays.values()}) == 1 and bool(np.all(arrays.get("scale", 1) > 0))


class StandardScaler(MeanImage):
    """Standardise every feature, every pixel of an image say: (x - mean) / sqrt(variance + eps).

    Parameters
    ----------
    eps : float
        Keeps what hardly varies from being blown up; with 0, what does not vary at all is a DataError.

    Attributes
    ----------
    mean_, scale_ : numpy.ndarray
        Of the shape of an example; scale is sqrt(variance + eps), with the variance divided by N.
    """

    names = ("mean", "scale")

    def __init__(self, eps: float = _EPS) -> None:
        super().__init__()
        self.eps = require_number(f"{type(self).__name__}: eps", eps)

    @property
    def scale_(self) -> np.ndarray:
        """What is divided by."""
        return self.array("scale")

    def transform(self, examples: Any) -> np.ndarray:
        centred = super().transform(examples)
        return np.divide(centred, self.array("scale", centred.dtype), out=centred)

    def inverse_transform(self, values: Any) -> np.ndarray:
        y = self._require(values, self.mean_.shape)
        return super().inverse_transform(y * self.array("scale", y.dtype))

    def _learn(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        scale = np.sqrt(scatter / count + self.eps)
        if not scale.all():
            raise DataError(
                f"{type(self).__name__}: {np.count_nonzero(scale == 0)} of {scale.size} features are the same in every "
                f"example, and have no deviation to divide by; pass eps={_EPS}, say"
            )
        self._keep(mean=mean, scale=scale)


class _OfChannels(MeanImage):
    """What makes the features channels: the statistics are over all pixels of all images."""

    def _moments(self, shape: tuple[int, ...], parts: Iterator[np.ndarray]) -> Moments:
        name = type(self).__name__
        if len(shape) != 3:
            raise DataError(f"{name}: needs images (N, C, H, W), got examples of the shape {shape}")
        rows = (part.swapaxes(0, 1).reshape(shape[0], -1) for part in parts)
        count, mean, scatter = moments(name, rows, 1, squares)
        return count, mean[..., None], scatter[..., None]

    def _require(self, values: Any, shape: tuple[int, ...]) -> np.ndarray:
        array = super()._require(values, ())
        if array.ndim < 3 or array.shape[-3] != shape[0]:
            raise ShapeError(f"{type(self).__name__}: needs images (..., {shape[0]}, H, W), got {array.shape}")
        return array

    def _fit_together(self, **arrays: np.ndarray) -> bool:
        return arrays["mean"].ndim == 3 and arrays["mean"].shape[1:] == (1, 1) and super()._fit_together(**arrays)


class ChannelMean(_OfChannels):
    """Take off the mean of each channel: x - mean. Images may be of any height and width.

    Attributes
    ----------
    mean_ : numpy.ndarray
        (C, 1, 1).

    Notes
    -----
    Source: Simonyan and Zisserman (2015), Very deep convolutional networks for large-scale image recognition, section
    2.1.
    """


class ChannelScaler(_OfChannels, StandardScaler):
    """Standardise each channel: (x - mean) / sqrt(variance + eps). Images may be of any height and width.

    Parameters
    ----------
    eps : float
        As in `StandardScaler`.

    Attributes
    ----------
    mean_, scale_ : numpy.ndarray
        (C, 1, 1).
    """
