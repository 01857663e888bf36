"""Convolution and its two gradients: one set of products x w dy, summed into whichever of the three is asked for.

Element x[n, c, h, w] meets weight w[o, c', i, j] in output y[n, o, p, q] where c is channel c' of the group of o, and
h = p stride - pad + i dilation (w likewise).
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from minigrad_kernels.reference.windows import covered, window_starts

Place = tuple[int, int, int, int]


@np.errstate(all="ignore")
def conv2d(
    out_nohw: np.ndarray,
    x_nchw: np.ndarray,
    w_ockk: np.ndarray,
    bias_o: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    least: float,
    scratch: np.ndarray,
) -> None:
    """Sum x w over channels and window, and add the bias: a cross-correlation. Source: PyTorch, Conv2d.

    Results below `least` become `least`.
    """
    total = np.zeros(out_nohw.shape)
    if bias_o.size:
        total += bias_o[:, None, None]
    x, w = x_nchw.astype(np.float64), w_ockk.astype(np.float64)
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups)
    for x_place, w_place, y_place in _products(x.shape, w.shape, geometry):
        total[y_place] += x[x_place] * w[w_place]
    out_nohw[...] = np.where(total <= least, least, total)


@np.errstate(all="ignore")
def conv2d_input_grad(
    dx_nchw: np.ndarray,
    dy_nohw: np.ndarray,
    w_ockk: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    scratch: np.ndarray,
) -> None:
    """Sum dy w over the windows that cover an input; 0 where none does."""
    total = np.zeros(dx_nchw.shape)
    dy, w = dy_nohw.astype(np.float64), w_ockk.astype(np.float64)
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups)
    for x_place, w_place, y_place in _products(total.shape, w.shape, geometry):
        total[x_place] += dy[y_place] * w[w_place]
    dx_nchw[...] = total


@np.errstate(all="ignore")
def conv2d_weight_grad(
    dw_ockk: np.ndarray,
    x_nchw: np.ndarray,
    dy_nohw: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    scratch: np.ndarray,
) -> None:
    """Sum x dy over batch and windows."""
    total = np.zeros(dw_ockk.shape)
    x, dy = x_nchw.astype(np.float64), dy_nohw.astype(np.float64)
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups)
    for x_place, w_place, y_place in _products(x.shape, total.shape, geometry):
        total[w_place] += x[x_place] * dy[y_place]
    dw_ockk[...] = total


def conv2d_scratch_bytes(
    out_nohw: np.ndarray,
    x_nchw: np.ndarray,
    w_ockk: np.ndarray,
    bias_o: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
    least: float,
) -> int:
    """No working memory is needed."""
    return 0


def conv2d_input_grad_scratch_bytes(
    dx_nchw: np.ndarray,
    dy_nohw: np.ndarray,
    w_ockk: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
) -> int:
    """No working memory is needed."""
    return 0


def conv2d_weight_grad_scratch_bytes(
    dw_ockk: np.ndarray,
    x_nchw: np.ndarray,
    dy_nohw: np.ndarray,
    stride_h: int,
    stride_w: int,
    pad_h: int,
    pad_w: int,
    dilation_h: int,
    dilation_w: int,
    groups: int,
) -> int:
    """No working memory is needed."""
    return 0


def _products(
    x_shape: tuple[int, ...], w_shape: tuple[int, ...], geometry: tuple[int, ...]
) -> Iterator[tuple[Place, Place, Place]]:
    """Yield the places in x, w and y of every product; padding, being zero, yields none."""
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups = geometry
    batch, _, height, width = x_shape
    outputs, group_channels, kernel_h, kernel_w = w_shape
    tops = window_starts(height, kernel_h, stride_h, pad_h, dilation_h)
    lefts = window_starts(width, kernel_w, stride_w, pad_w, dilation_w)
    for (p, top), (q, left) in product(enumerate(tops), enumerate(lefts)):
        rows = covered(top, kernel_h, dilation_h, height)
        columns = covered(left, kernel_w, dilation_w, width)
        for (i, h), (j, w) in product(rows, columns):
            for n, o, c in product(range(batch), range(outputs), range(group_channels)):
                group = o * groups // outputs
                yield (n, group * group_channels + c, h, w), (o, c, i, j), (n, o, p, q)
