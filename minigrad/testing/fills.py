"""Contents of arrays, drawn by NumPy from a generator that a property test seeds: bounded, and away from kinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Fill = Callable[[np.random.Generator, Shape], Any]
"""`fill(rng, shape)`: a float64 array."""


def floats(rng: np.random.Generator, shape: Shape) -> Any:
    """Numbers in [-2, 2)."""
    return rng.uniform(-2.0, 2.0, shape)


def positive(rng: np.random.Generator, shape: Shape) -> Any:
    """Numbers in [0.3, 2)."""
    return rng.uniform(0.3, 2.0, shape)


def away_from_zero(rng: np.random.Generator, shape: Shape) -> Any:
    """Numbers of either sign, 0.3 to 2 in absolute value."""
    return positive(rng, shape) * rng.choice([-1.0, 1.0], shape)


def distinct(rng: np.random.Generator, shape: Shape) -> Any:
    """Numbers in [-2, 2] of which no two are nearer to each other than 2 / size."""
    size = int(np.prod(shape, dtype=np.int64))
    steps = rng.permutation(size) - (size - 1) / 2
    return (steps * (4 / max(size, 2))).reshape(shape)


def few(rng: np.random.Generator, shape: Shape) -> Any:
    """Whole numbers from -2 to 2, so that many are equal."""
    return rng.integers(-2, 3, shape).astype(np.float64)


def log_probabilities(rng: np.random.Generator, shape: Shape) -> Any:
    """Numbers in (-3, -0.1]."""
    return -rng.uniform(0.1, 3.0, shape)
