"""Normalisation of each channel over a batch, and its gradients.

    batch_norm               out = weight (x - mean) r + bias,  r = (var + eps)**-0.5
    batch_norm_affine_grad   dweight = sum of dy (x - mean) r,  dbias = sum of dy
    batch_norm_input_grad    dx = weight r (dy - mean of dy - (x - mean) r**2 mean of dy (x - mean))

with the mean, the biased var and the sums of a channel, over all images and places; moments of nothing are 0. Channels
are the tasks. A plane is summed in vectors, the planes in float64; squares are of distances from the mean, in a second
pass over what the first has left in the cache. Planes of one place, the outputs of linear layers, are left to NumPy and
temporary arrays: there neighbours in memory are of different channels.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.quiet import quiet
from minigrad_kernels.cpu.sums import sum_of, sum_of_squares, sum_with_products

Array = NDArray[Any]

ELEMENT_NANOSECONDS = 0.3

# Not reassoc, for x - mean must come before all else; nor arcp, which makes NaN of a division by infinity.
EXACT = ("contract", "nsz")


def batch_norm(out_nchw: Array, mean_c: Array, var_c: Array, x_nchw: Array, affine: Array, eps: float) -> None:
    """Normalise each channel, multiply by its weight and add its bias; write its mean and biased variance."""
    out, x = _planes(out_nchw), _planes(x_nchw)
    if x.shape[2] == 1:
        quiet(_batch_norm_of_places, out[..., 0], mean_c, var_c, x[..., 0], affine, eps)
    else:
        work = 3 * x.size * ELEMENT_NANOSECONDS
        team.run(_batch_norm, len(mean_c), work, out, mean_c, var_c, x, affine, eps)


def batch_norm_affine_grad(grad: Array, dy_nchw: Array, x_nchw: Array, mean_c: Array, var_c: Array, eps: float) -> None:
    """Sum dy times the normalised x, for the weight, and dy, for the bias."""
    dy, x = _planes(dy_nchw), _planes(x_nchw)
    if x.shape[2] == 1:
        quiet(_batch_norm_affine_grad_of_places, grad, dy[..., 0], x[..., 0], mean_c, var_c, eps)
    else:
        work = x.size * ELEMENT_NANOSECONDS
        team.run(_batch_norm_affine_grad, len(mean_c), work, grad, dy, x, mean_c, var_c, eps)


def batch_norm_input_grad(
    dx_nchw: Array, dy_nchw: Array, x_nchw: Array, affine: Array, mean_c: Array, var_c: Array, eps: float
) -> None:
    """Write the gradient of x, through its mean and its variance too."""
    dx, dy, x = _planes(dx_nchw), _planes(dy_nchw), _planes(x_nchw)
    if x.shape[2] == 1:
        quiet(_batch_norm_input_grad_of_places, dx[..., 0], dy[..., 0], x[..., 0], affine, mean_c, var_c, eps)
    else:
        work = 3 * x.size * ELEMENT_NANOSECONDS
        team.run(_batch_norm_input_grad, len(mean_c), work, dx, dy, x, affine, mean_c, var_c, eps)


def _planes(x_nchw: Array) -> Array:
    batch, channels, *sides = x_nchw.shape
    return x_nchw.reshape(batch, channels, math.prod(sides))


def _batch_norm_of_places(out: Array, mean: Array, var: Array, x: Array, affine: Array, eps: float) -> None:
    count = max(len(x), 1)
    np.divide(np.sum(x, 0), count, mean)
    np.subtract(x, mean, out)
    np.divide(np.sum(out * out, 0), count, var)
    np.multiply(out, affine[: len(var)] / np.sqrt(var + eps), out)
    np.add(out, affine[len(var) :], out)


def _batch_norm_affine_grad_of_places(grad: Array, dy: Array, x: Array, mean: Array, var: Array, eps: float) -> None:
    grad[: len(var)] = np.sum(dy * (x - mean), 0) / np.sqrt(var + eps)
    grad[len(var) :] = np.sum(dy, 0)


def _batch_norm_input_grad_of_places(
    dx: Array, dy: Array, x: Array, affine: Array, mean: Array, var: Array, eps: float
) -> None:
    np.subtract(x, mean, dx)
    slope = np.sum(dy * dx, 0) / len(x) / (var + eps)
    np.subtract(dy - np.sum(dy, 0) / len(x), dx * slope, dx)
    np.multiply(dx, affine[: len(var)] / np.sqrt(var + eps), dx)


@helper
def _sums_of_channel(dy_ncp, x_ncp, c, mean):
    """Sum dy, and dy (x - mean), over a channel."""
    total, product = 0.0, 0.0
    for n in range(len(x_ncp)):
        plane_total, plane_product = sum_with_products(dy_ncp[n, c], x_ncp[n, c], mean)
        total += plane_total
        product += plane_product
    return total, product


@kernel("out T3", "out T1", "out T1", "in T3", "in T1", "float", fastmath=EXACT)
def _batch_norm(begin, end, worker, out_ncp, mean_c, var_c, x_ncp, affine, eps):
    batch, channels, places = x_ncp.shape
    count = max(batch * places, 1)
    for c in range(begin, end):
        total, squares = 0.0, 0.0
        for n in range(batch):
            total += sum_of(x_ncp[n, c])
        mean_c[c] = total / count
        mean, bias = mean_c[c], affine[channels + c]
        for n in range(batch):
            squares += sum_of_squares(x_ncp[n, c], mean)
        var_c[c] = squares / count
        scale = x_ncp.dtype.type(affine[c] / math.sqrt(var_c[c] + eps))
        for n in range(batch):
            out, x = out_ncp[n, c], x_ncp[n, c]
            for i in range(len(out)):
                out[i] = (x[i] - mean) * scale + bias


@kernel("out T1", "in T3", "in T3", "in T1", "in T1", "float", fastmath=EXACT)
def _batch_norm_affine_grad(begin, end, worker, grad, dy_ncp, x_ncp, mean_c, var_c, eps):
    for c in range(begin, end):
        total, product = _sums_of_channel(dy_ncp, x_ncp, c, mean_c[c])
        grad[c] = product / math.sqrt(var_c[c] + eps)
        grad[len(mean_c) + c] = total


@kernel("out T3", "in T3", "in T3", "in T1", "in T1", "in T1", "float", fastmath=EXACT)
def _batch_norm_input_grad(begin, end, worker, dx_ncp, dy_ncp, x_ncp, affine, mean_c, var_c, eps):
    batch, _, places = x_ncp.shape
    number = x_ncp.dtype.type
    for c in range(begin, end):
        mean, variance = mean_c[c], var_c[c] + eps
        total, product = _sums_of_channel(dy_ncp, x_ncp, c, mean)
        dy_mean, slope = number(total / (batch * places)), number(product / (batch * places) / variance)
        scale = number(affine[c] / math.sqrt(variance))
        for n in range(batch):
            dx, dy, x = dx_ncp[n, c], dy_ncp[n, c], x_ncp[n, c]
            for i in range(len(dx)):
                dx[i] = (dy[i] - dy_mean - (x[i] - mean) * slope) * scale
