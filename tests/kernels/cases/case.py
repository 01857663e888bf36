"""What a case of the table is, and the contents of its arrays."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

FLOATS = ("float32", "float64")
INTEGERS = ("int64", "int32", "uint8")
NUMBERS = (*FLOATS, *INTEGERS)
ALL = (*NUMBERS, "bool")
STRIDED = {"elementwise", "reduce", "index", "matmul", "update.copy"}

Generator = np.random.Generator
Strategy = st.SearchStrategy


class Call(NamedTuple):
    """Arguments of a kernel: outs as they are before it runs, and the length of the sums it takes."""

    outs: tuple[np.ndarray, ...]
    inputs: tuple[np.ndarray, ...]
    scalars: tuple[Any, ...] = ()
    terms: int = 1

    def __repr__(self):
        with np.printoptions(threshold=20, edgeitems=2):
            return tuple.__repr__(self)


class Case(NamedTuple):
    """A kernel, how to make arguments for it from sizes, and how far from the reference it may be."""

    name: str
    build: Callable[..., Call]
    sizes: Strategy[dict[str, Any]]
    large: tuple[dict[str, Any], ...]
    bound: Callable[["Case", Call, tuple[np.ndarray, ...]], list[Any]]
    dtypes: tuple[str, ...] = FLOATS
    stay_finite: tuple[int, ...] = ()  # positions among the inputs

    @property
    def is_strided(self) -> bool:
        return self.name in STRIDED or self.name.partition(".")[0] in STRIDED


def values(rng: Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers with repetitions and zeros among them; integers reach both ends of their type."""
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    small = rng.integers(0 if dtype == "uint8" else -3, 4, shape)
    if dtype in INTEGERS:
        limits = np.iinfo(dtype)
        large = rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
        return np.where(rng.random(shape) < 0.5, small.astype(dtype), large)
    return np.where(rng.random(shape) < 0.2, small, rng.normal(0, 2, shape)).astype(dtype)


def poisoned(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Contents that no kernel computes: NaN, or the bytes A5."""
    array = np.frombuffer(b"\xa5" * (math.prod(shape) * np.dtype(dtype).itemsize), dtype).reshape(shape).copy()
    if array.dtype.kind == "f":
        array[...] = np.nan
    return array
