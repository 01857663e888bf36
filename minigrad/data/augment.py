"""Augmentation: crops, reflections and colours, drawn anew for every image in every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Final, Protocol, Self

import numpy as np

from minigrad.checks import require_callable
from minigrad.data.arrays import Dataset, View
from minigrad.data.integers import require_integer, require_number
from minigrad.data.preprocess.fitted import as_floats
from minigrad.data.preprocess.moments import moments, products, stream
from minigrad.data.preprocess.pca import Components, principal_components
from minigrad.errors import DataError, ShapeError
from minigrad.random import initial_seed

_WORDS: Final = 4  # that an augmentation gets for each image


class Augmentation(Protocol):
    """A function of a batch of images, (N, C, H, W), and four random words of 32 bits for each, uint32 (N, 4).

    It must depend on nothing else, nor what becomes of an image on the others in the batch.
    """

    def __call__(self, images: np.ndarray, words: np.ndarray, /) -> np.ndarray:
        """The images augmented, (N, C, H', W')."""


class Augmented(View):
    """A data set of images that look different in every epoch.

    What becomes of an image is a function of (seed, epoch, index) alone, its index in `dataset`, whatever the batches,
    their order and the number of workers. A `DataLoader` says which seed and which epoch, its own; read without one,
    it is epoch 0 with the seed of `manual_seed`.

    Parameters
    ----------
    dataset : Dataset
        Images (C, H, W) first, then whatever else there is: the training set, preprocessed if it is to be.
    *augmentations : Augmentation
        What is done, in this order.

    Raises
    ------
    ShapeError
        When what is read is no image, or too small for a crop.

    Notes
    -----
    The words of augmentation k are the Philox 4x32-10 block of counter (index, epoch, 3, k), key seed; the 3 is the
    stream of augmentation, and the last 32 bits of index and epoch count.

    Examples
    --------
    >>> train = Augmented(train, RandomCrop(32, padding=4), RandomHorizontalFlip())
    >>> for images, labels in DataLoader(train, batch_size=100, shuffle=True, num_workers=1): ...
    """

    def __init__(self, dataset: Dataset, *augmentations: Augmentation) -> None:
        super().__init__(dataset)
        for augmentation in augmentations:
            require_callable("Augmented", "an augmentation", augmentation)
        self.augmentations = augmentations
        self._seed, self._epoch = initial_seed(), 0

    @property
    def draws(self) -> int:
        """How many augmentations there are, with those of the data set below."""
        return super().draws + len(self.augmentations)

    def at_epoch(self, epoch: int, seed: int) -> Self:
        """The same data in another epoch, with another seed; nothing is copied."""
        view = super().at_epoch(epoch, seed)
        view._seed, view._epoch = seed, epoch % 2**32
        return view

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        images, *rest = self.dataset[index]
        numbers = np.arange(len(self))[index]
        if images.ndim != numbers.ndim + 3:
            raise ShapeError(f"Augmented: needs images (C, H, W), got the shape {images.shape[numbers.ndim :]}")
        batch, each = images.reshape(-1, *images.shape[-3:]), np.ascontiguousarray(numbers.reshape(-1))
        for position, augmentation in enumerate(self.augmentations, super().draws):
            words = np.empty((len(batch), _WORDS), np.uint32)
            _kernels().random_words(words, each, self._seed, self._epoch, position)
            batch = augmentation(batch, words)
        return (batch.reshape(numbers.shape + batch.shape[1:]), *rest)


class RandomCrop:
    """Cut a random rectangle out of each image, every place being as likely.

    Parameters
    ----------
    size : int or (int, int)
        Its side, or height and width.
    padding : int
        Zeros around the image, of which the crop may hold some: black, or after preprocessing the mean.

    Raises
    ------
    ShapeError
        For an image that is too small.

    Notes
    -----
    Source: Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural networks,
    section 4.1: 224x224 out of 256x256; padded: He, Zhang, Ren and Sun (2016), Deep residual learning for image
    recognition, section 4.2: 32x32 with a padding of 4.
    """

    def __init__(self, size: int | Sequence[int], padding: int = 0) -> None:
        self.size = require_size("RandomCrop", size)
        self.padding = require_integer("RandomCrop: padding", padding, 0)

    def __call__(self, images: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Cut at the places that the first two words of each image say."""
        places = np.add(images.shape[2:], 2 * self.padding + 1) - self.size
        if (places < 1).any():
            raise ShapeError(
                f"RandomCrop: {_times(self.size)} cannot be cut out of {_times(images.shape[2:])} "
                f"with a padding of {self.padding}"
            )
        corners = (words[:, :2].astype(np.int64) * places >> 32) - self.padding
        return _cut(images, self.size, corners, np.zeros(len(images), np.uint8))


class RandomHorizontalFlip:
    """Reflect each image, left to right, with probability p.

    Parameters
    ----------
    p : float
        In [0, 1].
    """

    def __init__(self, p: float = 0.5) -> None:
        self.p = require_number("RandomHorizontalFlip: p", p, 1)

    def __call__(self, images: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Reflect those whose first word is below p 2**32."""
        reflected = words[:, 0] < np.uint64(round(self.p * 2**32))
        return _cut(images, images.shape[2:], np.zeros((len(images), 2), np.int64), reflected.astype(np.uint8))


class PCAColorJitter(Components):
    """Shift the colour of each image along the principal components of red, green and blue.

    To every pixel is added the sum over components of a * variance * component, where a is drawn for each image and
    component from a normal distribution.

    Parameters
    ----------
    std : float
        Standard deviation of a.

    Attributes
    ----------
    components_ : numpy.ndarray
        (C, C), those of the values of pixels over the training set, one a row.
    explained_variance_ : numpy.ndarray
        (C,), the variance along each.

    Raises
    ------
    DataError
        Before `fit`, and in it for what is no set of images of at most four channels.

    Notes
    -----
    Source: Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural networks,
    section 4.1, equation there; eigenvalues are variances, in the units of the images fitted.

    Examples
    --------
    >>> Augmented(train, PCAColorJitter(std=0.1).fit(train))
    """

    def __init__(self, std: float = 0.1) -> None:
        super().__init__()
        self.std = require_number("PCAColorJitter: std", std)

    def fit(self, dataset: Dataset | np.ndarray) -> Self:
        """Learn from the training images, in one pass; return itself."""
        shape, parts = stream("PCAColorJitter", dataset)
        if len(shape) != 3 or shape[0] > _WORDS:
            raise DataError(f"PCAColorJitter: needs images of 1 to 4 channels, (N, C, H, W), got examples {shape}")
        pixels = (np.moveaxis(part, 1, -1).reshape(-1, shape[0]) for part in parts)
        count, _, scatter = moments("PCAColorJitter", pixels, 0, products)
        components, variance = principal_components(scatter / count)
        self._keep(components=components, explained_variance=variance)
        return self

    def __call__(self, images: np.ndarray, words: np.ndarray) -> np.ndarray:
        """Shift by what the normal numbers made of the four words of each image say."""
        axes = self.std * self.explained_variance_[:, None] * self.components_
        if images.shape[1] != len(axes):
            raise ShapeError(f"PCAColorJitter: fitted on {len(axes)} channels, got {images.shape[1]}")
        x = np.ascontiguousarray(as_floats(images))
        out = np.empty_like(x)
        _kernels().color_jitter(out, x, words, axes)
        return out

    def _fit_together(self, **arrays: np.ndarray) -> bool:
        channels = arrays["explained_variance"].size
        shapes = arrays["components"].shape, arrays["explained_variance"].shape
        return shapes == ((channels, channels), (channels,)) and channels <= _WORDS


def require_size(name: str, size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width of a crop, of which one number says both; DataError for what is neither."""
    sides = tuple(size) if isinstance(size, Sequence) and len(size) == 2 else (size, size)
    height, width = (require_integer(f"{name}: size", side, 1) for side in sides)
    return height, width


def _cut(images: np.ndarray, size: Sequence[int], corners: np.ndarray, reflected: np.ndarray) -> np.ndarray:
    out = np.empty((*images.shape[:2], *size), images.dtype)
    _kernels().crop(out, np.ascontiguousarray(images), corners, reflected)
    return out


def _times(size: Sequence[int]) -> str:
    return "x".join(map(str, size))


def _kernels() -> ModuleType:
    """The kernels, imported when first needed: `import minigrad` stays light."""
    from minigrad_kernels.cpu import augment

    return augment
