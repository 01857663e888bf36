"""The logarithm of softmax along one axis, the loss of both for rows, and their gradients.

    log_softmax              out[i] = (x[i] - m) - ln(sum over j of e**(x[j] - m)),  m the largest x
    log_softmax_input_grad   dx[i] = dy[i] - e**y[i] (sum over j of dy[j])
    softmax_loss             out[n] = -log_softmax(x[n])[target[n]]
    softmax_loss_input_grad  dx[n, i] = dy[n] (softmax(x[n])[i] - 1 where i is target[n])

Rows along the last axis are the tasks of a kernel; sums are float64, over blocks in the precision of x. The loss keeps
of each row what its gradient needs: the largest element, and 1 / sum of exponentials.
Along other axes NumPy does it, with temporary arrays: dense predictions are not what we are fast at.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.exponential import exp
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.quiet import quiet

Array = NDArray[Any]

ELEMENT_NANOSECONDS = 0.5
BLOCK = 512


def log_softmax(out: Array, x: Array, axis: int) -> None:
    """`out[i] = x[i] - ln(sum over j of e**x[j])`, with the largest x taken out of the exponents."""
    if _is_last(x.shape, axis):
        rows, length = _rows(x.shape, axis)
        work = x.size * ELEMENT_NANOSECONDS
        team.run(_log_softmax, rows, work, out.reshape(rows, length), x.reshape(rows, length))
    elif x.size:
        quiet(_log_softmax_of_columns, out, x, axis)


def log_softmax_input_grad(dx: Array, dy: Array, y: Array, axis: int) -> None:
    """`dx[i] = dy[i] - e**y[i] (sum over j of dy[j])`, y being the output of log_softmax."""
    if _is_last(y.shape, axis):
        rows, length = _rows(y.shape, axis)
        arrays = (array.reshape(rows, length) for array in (dx, dy, y))
        team.run(_log_softmax_input_grad, rows, y.size * ELEMENT_NANOSECONDS, *arrays)
    else:
        quiet(_log_softmax_of_columns_input_grad, dx, dy, y, axis)


def softmax_loss(out_n: Array, scale_n2: Array, x_nc: Array, target_n: Array) -> None:
    """`out[n] = -ln(e**x[n, target[n]] / sum over c of e**x[n, c])`; scale[n] is m and 1 / that sum without m."""
    team.run(_softmax_loss, len(out_n), x_nc.size * ELEMENT_NANOSECONDS, out_n, scale_n2, x_nc, target_n)


def softmax_loss_input_grad(dx_nc: Array, dy_n: Array, x_nc: Array, target_n: Array, scale_n2: Array) -> None:
    """`dx[n, c] = dy[n] (e**(x[n, c] - scale[n, 0]) scale[n, 1] - 1 where c is target[n])`."""
    work = x_nc.size * ELEMENT_NANOSECONDS
    team.run(_softmax_loss_input_grad, len(dy_n), work, dx_nc, dy_n, x_nc, target_n, scale_n2)


def _is_last(shape: tuple[int, ...], axis: int) -> bool:
    """Whether the elements along the axis are neighbours in memory."""
    return math.prod(shape[axis + 1 :]) == 1


def _rows(shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    return math.prod(shape[:axis]), shape[axis]


def _log_softmax_of_columns(out: Array, x: Array, axis: int) -> None:
    np.subtract(x, np.max(x, axis, keepdims=True), out)
    np.subtract(out, np.log(np.sum(np.exp(out), axis, keepdims=True)), out)


def _log_softmax_of_columns_input_grad(dx: Array, dy: Array, y: Array, axis: int) -> None:
    np.multiply(np.exp(y), np.sum(dy, axis, keepdims=True), dx)
    np.subtract(dy, dx, dx)


@helper
def _largest(row):
    """The largest element; NaN is passed over. Four maxima at a time do not wait for each other."""
    a = b = c = d = row.dtype.type(-np.inf)
    count = len(row) // 4
    for i in range(count):
        a = max(a, row[4 * i])
        b = max(b, row[4 * i + 1])
        c = max(c, row[4 * i + 2])
        d = max(d, row[4 * i + 3])
    for i in range(4 * count, len(row)):
        a = max(a, row[i])
    return max(max(a, b), max(c, d))


@helper
def _sum_of_exponentials(row, largest):
    total = 0.0
    for begin in range(0, len(row), BLOCK):
        block = row[begin : min(begin + BLOCK, len(row))]
        part = row.dtype.type(0)
        for i in range(len(block)):
            part += exp(block[i] - largest)
        total += part
    return total


# Reassociation would add the logarithm to the largest element, beside which nothing may be left of it.
@kernel("out T2", "in T2", fastmath={"contract"})
def _log_softmax(begin, end, worker, out, x):
    for n in range(begin, end):
        row, out_row = x[n], out[n]
        largest = _largest(row)  # a NaN comes back through the sum
        logarithm = x.dtype.type(math.log(_sum_of_exponentials(row, largest)))
        for i in range(len(row)):
            out_row[i] = (row[i] - largest) - logarithm


@kernel("out T2", "in T2", "in T2")
def _log_softmax_input_grad(begin, end, worker, dx, dy, y):
    for n in range(begin, end):
        dx_row, dy_row, y_row = dx[n], dy[n], y[n]
        total = 0.0
        for i in range(len(dy_row)):
            total += dy_row[i]
        share = dy.dtype.type(total)
        for i in range(len(dy_row)):
            dx_row[i] = dy_row[i] - exp(y_row[i]) * share


@kernel("out T1", "out T2", "in T2", "in int64_1", fastmath={"contract"})
def _softmax_loss(begin, end, worker, out, scale, x, target):
    for n in range(begin, end):
        row = x[n]
        largest = _largest(row)
        total = _sum_of_exponentials(row, largest)
        out[n] = math.log(total) - (row[target[n]] - largest)
        scale[n, 0], scale[n, 1] = largest, 1 / total


@kernel("out T2", "in T1", "in T2", "in int64_1", "in T2")
def _softmax_loss_input_grad(begin, end, worker, dx, dy, x, target, scale):
    for n in range(begin, end):
        row, dx_row = x[n], dx[n]
        largest, share, gradient = scale[n, 0], scale[n, 1], dy[n]
        for i in range(len(row)):
            dx_row[i] = exp(row[i] - largest) * (gradient * share)
        dx_row[target[n]] = (exp(row[target[n]] - largest) * share - 1) * gradient
