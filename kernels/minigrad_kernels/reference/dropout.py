"""Dropout, with a mask that is drawn again instead of kept."""

import numpy as np

from minigrad_kernels.reference.words import random_word

DROPOUT_STREAM = 1


@np.errstate(all="ignore")
def dropout(out: np.ndarray, x: np.ndarray, threshold: int, scale: float, seed: int, offset: int) -> None:
    """`out[i] = x[i] scale` where random word offset + i >= threshold, else 0; i counts the flattened elements."""
    factor = out.dtype.type(scale)
    for i, place in enumerate(np.ndindex(out.shape)):
        kept = random_word(offset + i, seed, DROPOUT_STREAM) >= threshold
        out[place] = x[place] * factor if kept else 0
