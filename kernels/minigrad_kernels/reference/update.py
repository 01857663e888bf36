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


@np.errstate(all="ignore")
def lerp(out: np.ndarray, x: np.ndarray, weight: float) -> None:
    """`out = (1 - weight) out + weight x`."""
    for place in np.ndindex(out.shape):
        out[place] = (1 - weight) * np.float64(out[place]) + weight * np.float64(x[place])
