"""What is learnt from training data: arrays, and nothing else."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from minigrad.checks import as_one_of, as_state
from minigrad.data.arrays import Dataset
from minigrad.data.given import as_array
from minigrad.dtypes import as_dtype
from minigrad.errors import DataError, ShapeError
from minigrad.ops.arguments import as_shape

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class Fitted:
    """Arrays of float64, learnt by `fit`, that can be kept in a file and put back.

    Attributes
    ----------
    names : tuple of str
        What the arrays are called in a state; the attribute of an array has an underscore behind that name.
    """

    names: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}
        self._cast: dict[tuple[str, Any], np.ndarray] = {}

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of the arrays by name; DataError before `fit`."""
        return {name: self.array(name).copy() for name in self.names}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` gave, in place of `fit`; DataError, and no change, if it does not fit."""
        kind = type(self).__name__
        as_state(kind, state, *self.names)
        arrays = {name: as_array(kind, name, state[name]) for name in self.names}
        if not all(array.dtype in FLOATS and np.isfinite(array).all() for array in arrays.values()):
            raise DataError(f"{kind}: the arrays of a state are floats, and finite")
        if not self._fit_together(**arrays):
            shapes = ", ".join(f"{name} {list(array.shape)}" for name, array in arrays.items())
            raise DataError(f"{kind}: the arrays of the state do not fit together: {shapes}")
        self._keep(**arrays)

    def array(self, name: str, dtype: Any = np.float64) -> np.ndarray:
        """An array of the state, not to be written to; DataError before `fit`."""
        if not self._arrays:
            raise DataError(f"{type(self).__name__}: it is not fitted; call fit(training_set) first")
        as_one_of("array", "name", name, *self._arrays)
        dtype = as_dtype(dtype, "array")
        if (name, dtype) not in self._cast:
            self._cast[name, dtype] = self._arrays[name].astype(dtype)
        return self._cast[name, dtype]

    def __eq__(self, other: object) -> bool:
        """Whether both have learnt the same."""
        if type(self) is not type(other):
            return NotImplemented
        mine, others = self._arrays, other._arrays
        return set(mine) == set(others) and all(np.array_equal(mine[name], others[name]) for name in mine)

    def _keep(self, **arrays: np.ndarray) -> None:
        self._arrays = {name: np.array(array, np.float64, order="C") for name, array in arrays.items()}
        self._cast = {}

    def _fit_together(self, **arrays: np.ndarray) -> bool:
        raise NotImplementedError


class Preprocessing(Fitted, ABC):
    """A map of examples, float32 or float64 as they are, that was fitted on others.

    Attributes
    ----------
    keeps_shape : bool
        Whether an image becomes an image; otherwise it becomes a row of features.
    """

    keeps_shape: ClassVar[bool] = True

    @abstractmethod
    def fit(self, dataset: Dataset | np.ndarray) -> Self:
        """Learn from the first array of a data set, or from an array (N, ...), in one pass; return itself.

        What is read at once is bounded. DataError for what cannot be learnt from: too few examples, or no finite ones.
        """

    @abstractmethod
    def transform(self, examples: Any) -> np.ndarray:
        """Map one example, or an array of them; ShapeError if they are not of the shape of those fitted."""

    @abstractmethod
    def inverse_transform(self, values: Any) -> np.ndarray:
        """Map back what `transform` gave."""

    @property
    def mean_(self) -> np.ndarray:
        """The mean of the examples fitted."""
        return self.array("mean")

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers that it was made with, by the names of the arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def out_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what becomes of an example of a shape; ShapeError if it is not that of those fitted."""
        lengths = as_shape("out_shape", [shape], minimum=0)
        if math.prod(lengths) >= 2**60:
            raise ShapeError(f"out_shape: no example has the shape {lengths}")
        self._require(np.broadcast_to(np.float32(0), lengths), self.mean_.shape)
        return lengths

    def _require(self, values: Any, shape: tuple[int, ...]) -> np.ndarray:
        """`values` as floats, of that shape but for axes in front."""
        array = as_floats(as_array(type(self).__name__, "the examples", values))
        if array.shape[max(array.ndim - len(shape), 0) :] != shape:
            expected = ", ".join(map(str, shape))
            raise ShapeError(f"{type(self).__name__}: needs the shape (..., {expected}), got {array.shape}")
        return array


def as_floats(values: Any) -> np.ndarray:
    """An array of float32 or float64: others become float32."""
    array = np.asarray(values)
    return array if array.dtype in FLOATS else array.astype(np.float32)
