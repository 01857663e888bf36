"""Principal components: decorrelated features, whitened ones, and images whitened where they are."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final, Self

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.data.integers import require_integer, require_number
from minigrad.data.preprocess.fitted import Fitted, Preprocessing
from minigrad.data.preprocess.moments import moments, products, stream
from minigrad.errors import DataError

_MOST: Final = 2**14  # features: their covariance has 2 GB
_PER_FEATURE: Final = 0.5  # examples at once: a few large products take a third of the time of many small ones
_EPS = 1e-5


class Components(Fitted):
    """Principal components (K, D), one a row, and the variance along each (K,)."""

    names: ClassVar[tuple[str, ...]] = ("components", "explained_variance")

    @property
    def components_(self) -> np.ndarray:
        """The principal components, one a row."""
        return self.array("components")

    @property
    def explained_variance_(self) -> np.ndarray:
        """The variance along each."""
        return self.array("explained_variance")


class PCA(Components, Preprocessing):
    """Coordinates along the principal components: (x - mean) @ components.T, x flattened.

    Parameters
    ----------
    n_components : int or float, optional
        How many components are kept; a fraction below 1 keeps as many as it takes to have that much of the variance.
        By default all D, the number of features.

    Attributes
    ----------
    mean_ : numpy.ndarray
        Of the shape of an example.
    components_ : numpy.ndarray
        (K, D), orthonormal rows, by falling variance; the largest element of a row is positive.
    explained_variance_ : numpy.ndarray
        (K,), the variance along each, divided by N.

    Raises
    ------
    DataError
        In `fit`: for no more examples than components, and for more than 16,384 features.

    Notes
    -----
    The inverse gives an example back if all components are kept, and otherwise the nearest point in their span.

    Source: Pearson (1901), On lines and planes of closest fit to systems of points in space.
    """

    names = ("mean", *Components.names)
    keeps_shape = False

    def __init__(self, n_components: float | None = None) -> None:
        super().__init__()
        self.n_components = n_components
        if n_components is not None and not (isinstance(n_components, float) and 0 < n_components < 1):
            require_integer(f"{type(self).__name__}: n_components, unless a fraction below 1,", n_components, 1)

    def fit(self, dataset: Dataset | np.ndarray) -> Self:
        name = type(self).__name__
        shape, parts = stream(name, dataset, _PER_FEATURE)
        size = math.prod(shape)
        if size > _MOST:
            raise DataError(f"{name}: takes at most {_MOST:,} features, got {size:,} of the shape {shape}")
        count, mean, scatter = moments(name, (part.reshape(len(part), -1) for part in parts), 0, products)
        components, variance = principal_components(scatter / count)
        number = self._number_kept(count, variance)
        self._learn(mean.reshape(shape), components[:number], variance[:number])
        return self

    def transform(self, examples: Any) -> np.ndarray:
        x = self._require(examples, self.mean_.shape)
        centred = x - self.array("mean", x.dtype)
        leading = x.shape[: x.ndim - self.mean_.ndim]
        return centred.reshape(*leading, -1) @ self.array("components", x.dtype).T

    def inverse_transform(self, values: Any) -> np.ndarray:
        y = self._require(values, self.explained_variance_.shape)
        x = y @ self.array("components", y.dtype)
        return x.reshape(*y.shape[:-1], *self.mean_.shape) + self.array("mean", y.dtype)

    def out_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        super().out_shape(shape)
        return shape if self.keeps_shape else self.explained_variance_.shape

    def _number_kept(self, count: int, variance: np.ndarray) -> int:
        wanted: float = len(variance) if self.n_components is None else self.n_components
        if wanted < 1:
            shares = np.cumsum(variance) / max(variance.sum(), np.finfo(float).tiny)
            wanted = min(int(np.count_nonzero(shares < wanted)) + 1, len(variance))
        if wanted > len(variance):
            raise DataError(f"{type(self).__name__}: {wanted} components of {len(variance)} features cannot be kept")
        if count <= wanted:
            raise DataError(
                f"{type(self).__name__}: {wanted} components need more than {wanted} examples, got {count}; "
                "fit on more, or keep fewer components"
            )
        return int(wanted)

    def _learn(self, mean: np.ndarray, components: np.ndarray, variance: np.ndarray) -> None:
        self._keep(mean=mean, components=components, explained_variance=variance)

    def _fit_together(self, **arrays: np.ndarray) -> bool:
        variance = arrays["explained_variance"]
        fitting = arrays["components"].shape == (variance.size, arrays["mean"].size) and variance.ndim == 1
        scale = arrays.get("scale", np.ones(variance.shape))
        return fitting and scale.shape == variance.shape and bool((scale > 0).all())


class PCAWhitening(PCA):
    """Coordinates along the principal components, each of variance 1: PCA's, divided by sqrt(variance + eps).

    Parameters
    ----------
    n_components : int or float, optional
        As in `PCA`.
    eps : float
        Keeps what hardly varies, noise mostly, from being blown up; with 0, a component that does not vary at all is a
        DataError.

    Attributes
    ----------
    mean_, components_, explained_variance_ : numpy.ndarray
        As in `PCA`.
    scale_ : numpy.ndarray
        (K,), sqrt(explained_variance_ + eps).
    """

    names = (*PCA.names, "scale")

    def __init__(self, n_components: float | None = None, eps: float = _EPS) -> None:
        super().__init__(n_components)
        self.eps = require_number(f"{type(self).__name__}: eps", eps)

    @property
    def scale_(self) -> np.ndarray:
        """What is divided by."""
        return self.array("scale")

    def transform(self, examples: Any) -> np.ndarray:
        y = super().transform(examples)
        return y / self.array("scale", y.dtype)

    def inverse_transform(self, values: Any) -> np.ndarray:
        y = self._require(values, self.scale_.shape)
        return super().inverse_transform(y * self.array("scale", y.dtype))

    def _learn(self, mean: np.ndarray, components: np.ndarray, variance: np.ndarray) -> None:
        scale = np.sqrt(variance + self.eps)
        if not scale.all():
            flat = np.count_nonzero(scale == 0)
            raise DataError(
                f"{type(self).__name__}: {flat} of {len(scale)} components have no variance to divide by; "
                f"pass eps={_EPS}, say"
            )
        self._keep(mean=mean, components=components, explained_variance=variance, scale=scale)


class ZCAWhitening(PCAWhitening):
    """Whitened features that stay as near to the original ones as they can: PCA whitening, turned back into an image.

    Parameters
    ----------
    eps : float
        As in `PCAWhitening`.

    Attributes
    ----------
    mean_, components_, explained_variance_, scale_ : numpy.ndarray
        As in `PCAWhitening`, with all components.

    Notes
    -----
    Source: Bell and Sejnowski (1997), The "independent components" of natural scenes are edge filters; Krizhevsky
    (2009), Learning multiple layers of features from tiny images, appendix A.
    """

    keeps_shape = True

    def __init__(self, eps: float = _EPS) -> None:
        super().__init__(None, eps)

    def transform(self, examples: Any) -> np.ndarray:
        y = super().transform(examples)
        return (y @ self.array("components", y.dtype)).reshape(np.shape(examples))

    def inverse_transform(self, values: Any) -> np.ndarray:
        y = self._require(values, self.mean_.shape)
        leading = y.shape[: y.ndim - self.mean_.ndim]
        return super().inverse_transform(y.reshape(*leading, -1) @ self.array("components", y.dtype).T)

    def _fit_together(self, **arrays: np.ndarray) -> bool:
        return len(arrays["components"]) == arrays["mean"].size and super()._fit_together(**arrays)


def principal_components(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eigenvectors of a covariance (D, D), one a row, and their variances, the largest first.

    What is zero but for rounding is zero. Signs, which are free, make the largest element of each row positive.
    """
    variance, vectors = np.linalg.eigh(covariance)
    variance, rows = variance[::-1], vectors.T[::-1]
    rounding = len(variance) * np.finfo(np.float64).eps * variance.max(initial=0)
    largest = np.take_along_axis(rows, np.abs(rows).argmax(1, keepdims=True), 1)
    return rows * np.sign(largest), np.where(variance > rounding, variance, 0.0)
