"""In-place updates."""

import numpy as np


def fill(out: np.ndarray, value: float) -> None:
    """`out = value`."""
    for place in np.ndindex(out.shape):
        out[place] = value


def copy(out: np.ndarray, x: np.ndarray) -> None:
    """`out = x`."""
    for place in np.ndindex(out.shape):
        out[place] = x[place]


@np.errstate(all="ignore")
def accumulate(out: np.ndarray, x: np.ndarray) -> None:
    """`out = out + x`."""
    for place in np.ndindex(out.shape):
        out[place] = out[place] + x[place]
