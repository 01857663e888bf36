"""Random fills, each element a function of its own position in the stream."""

import math

import numpy as np

from minigrad_kernels.reference.words import random_word


def uniform(out: np.ndarray, low: float, high: float, seed: int, stream: int, offset: int) -> None:
    """`out[i] = low + (high - low) u`, where u is the upper 24 bits of random word offset + i as a fraction of 1."""
    for i, place in enumerate(np.ndindex(out.shape)):
        fraction = (random_word(offset + i, seed, stream) >> 8) * 2.0**-24
        out[place] = low + (high - low) * fraction


def normal(out: np.ndarray, mean: float, std: float, seed: int, stream: int, offset: int) -> None:
    """`out[i] = mean + std z`, where z is half of a Box-Muller pair.

    Words a and a + 1, a even, give u1 in (0, 1] and u2 in [0, 1), and these z = sqrt(-2 ln u1) cos(2 pi u2) for the
    element at position a and sqrt(-2 ln u1) sin(2 pi u2) for the next.

    Source: Box and Muller, A note on the generation of random normal deviates, 1958.
    """
    for i, place in enumerate(np.ndindex(out.shape)):
        position = offset + i
        first = position - position % 2
        u1 = (random_word(first, seed, stream) + 1) * 2.0**-32
        u2 = random_word(first + 1, seed, stream) * 2.0**-32
        half = math.sin if position % 2 else math.cos
        out[place] = mean + std * math.sqrt(-2 * math.log(u1)) * half(2 * math.pi * u2)
