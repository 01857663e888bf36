"""Orders that are a pure function of (seed, stream, epoch)."""

from __future__ import annotations

import operator
from typing import Final

import numpy as np

from minigrad.errors import DataError

SHUFFLING: Final = 2  # the stream of a loader's epochs
SPLITTING: Final = 4  # a stream of its own: a split must not be correlated with the first epoch of the same seed


def permutation(length: int, *, seed: int, stream: int, epoch: int = 0) -> np.ndarray:
    """A random order of ``range(length)``, int64 (length,): equal arguments give equal orders, always.

    Notes
    -----
    The indices are sorted by random 64-bit words of Philox 4x64-10 with key (seed, stream) and the epoch in the highest
    word of its counter, so that no two epochs share a word. NumPy promises these words for all its versions; it does
    not promise what ``Generator.permutation`` makes of them.
    """
    words = np.random.Philox(key=[seed, stream], counter=[0, 0, 0, epoch]).random_raw(length)
    return np.argsort(words, kind="stable")


def as_seed(seed: object, owner: str) -> int:
    """Return `seed` as an int in [0, 2**64); a DataError that names `owner` for anything else."""
    try:
        value = operator.index(seed)  # type: ignore[arg-type]  # anything else is what the error is for
    except TypeError:
        value = -1
    if isinstance(seed, bool) or not 0 <= value < 2**64:
        raise DataError(f"{owner}: seed must be an integer in [0, 2**64), got {seed!r}")
    return value
