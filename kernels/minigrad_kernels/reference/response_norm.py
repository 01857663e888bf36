"""Local response normalisation, and its gradient. Source: Krizhevsky, Sutskever, Hinton, 2012, section 3.3.

As in PyTorch, alpha is divided by the size of the window, of which an even one has its larger part before the channel.
"""

import numpy as np


@np.errstate(all="ignore")
def local_response_norm(
    out_nchw: np.ndarray, x_nchw: np.ndarray, size: int, alpha: float, beta: float, k: float
) -> None:
    """Divide x by the power beta of k + alpha / size times the sum of squares over a window of channels."""
    for place in np.ndindex(x_nchw.shape):
        out_nchw[place] = np.float64(x_nchw[place]) / _scale(x_nchw, place, size, alpha, k) ** beta


def local_response_norm_input_grad_scratch_bytes(
    dx_nchw: np.ndarray, dy_nchw: np.ndarray, x_nchw: np.ndarray, size: int, alpha: float, beta: float, k: float
) -> int:
    """Return 0: plain loops need no scratch."""
    return 0


@np.errstate(all="ignore")
def local_response_norm_input_grad(
    dx_nchw: np.ndarray,
    dy_nchw: np.ndarray,
    x_nchw: np.ndarray,
    size: int,
    alpha: float,
    beta: float,
    k: float,
    scratch: np.ndarray,
) -> None:
    """Write dy over the power, less what an input weighs in the scales of its neighbours."""
    for place in np.ndindex(x_nchw.shape):
        n, c, *rest = place
        own = dy_nchw[place] / _scale(x_nchw, place, size, alpha, k) ** beta
        total = np.float64(0)
        for i in range(x_nchw.shape[1]):
            if c in _window(i, size):
                neighbour = (n, i, *rest)
                scale = _scale(x_nchw, neighbour, size, alpha, k)
                total += dy_nchw[neighbour] / scale**beta * x_nchw[neighbour] / scale
        dx_nchw[place] = own - 2 * alpha * beta / size * np.float64(x_nchw[place]) * total


def _scale(x_nchw: np.ndarray, place: tuple[int, ...], size: int, alpha: float, k: float) -> np.float64:
    """Return k + alpha / size times the sum of squares."""
    n, c, *rest = place
    total = np.float64(0)
    for j in _window(c, size):
        if 0 <= j < x_nchw.shape[1]:
            total += np.float64(x_nchw[(n, j, *rest)]) ** 2
    return k + alpha / size * total


def _window(c: int, size: int) -> range:
    """Channels, some of which may not exist."""
    return range(c - size // 2, c - size // 2 + size)
