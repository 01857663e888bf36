"""Orders that are a pure function of (seed, stream, epoch)."""

from __future__ import annotations

from typing import Final

import numpy as np

SPLITTING: Final = 4  # a stream beside those of minigrad.random: a split is independent of any epoch's order


def permutation(length: int, *, seed: int, stream: int, epoch: int = 0) -> np.ndarray:
    """A random order of ``range(length)``, int64 (length,): equal arguments give equal orders, always.

    Notes
    -----
    The indices are sorted by random 64-bit words of Philox 4x64-10 with key (seed, stream) and the epoch in the highest
    word of its counter, so that no two epochs share a word. NumPy promises these words for all its versions; it does
    not promise what ``Generator.permutation`` makes of them.
    """
    key = np.array([seed, stream], np.uint64)
    words = np.random.Philox(key=key, counter=np.array([0, 0, 0, epoch], np.uint64)).random_raw(length)
    return np.argsort(words, kind="stable")
