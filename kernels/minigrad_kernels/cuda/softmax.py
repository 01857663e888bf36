"""The logarithm of softmax along one axis, the loss of both for rows, and their gradients.

    log_softmax              out[i] = (x[i] - m) - ln(sum over j of e**(x[j] - m)),  m the largest x
    log_softmax_input_grad   dx[i] = dy[i] - e**y[i] (sum over j of dy[j])
    softmax_loss             out[n] = -log_softmax(x[n])[target[n]]
    softmax_loss_input_grad  dx[n, i] = dy[n] (softmax(x[n])[i] - 1 where i is target[n])

A row, along whichever axis, is reduced by a group of threads (`groups`), each of which takes every so many-th element,
and then writes these; in the gradient of the loss a thread is an element. A NaN is passed over by the largest element,
and comes back through the sum.

A target outside the classes reads nothing: it gives NaN as the row's loss and gradient. (To check it, the host would
have to wait for it.)
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import BLOCK, Kernel, kernel
from minigrad_kernels.cuda.groups import (
    first_row,
    grid_rows,
    group_of,
    groups,
    lane_of,
    largest_of_group,
    sum_of_group,
)
from minigrad_kernels.cuda.language import cuda, device, first_index, grid_threads, math, uint32
from minigrad_kernels.cuda.launch import launch


def log_softmax(out: DeviceArray, x: DeviceArray, axis: int) -> None:
    """`out[i] = x[i] - ln(sum over j of e**x[j])`, with the largest x taken out of the exponents."""
    _launch_on_rows(_log_softmax, axis, out, x)


def log_softmax_input_grad(dx: DeviceArray, dy: DeviceArray, y: DeviceArray, axis: int) -> None:
    """`dx[i] = dy[i] - e**y[i] (sum over j of dy[j])`, y being the output of log_softmax."""
    _launch_on_rows(_log_softmax_grad, axis, dx, dy, y)


def softmax_loss(out_n: DeviceArray, scale_n2: DeviceArray, x_nc: DeviceArray, target_n: DeviceArray) -> None:
    """`out[n] = -ln(e**x[n, target[n]] / sum over c of e**x[n, c])`; scale[n] is m and 1 / that sum without m."""
    rows, classes = x_nc.shape
    chosen = groups(classes, rows, side_by_side=False)
    arrays = (out_n, scale_n2.reshape(-1), x_nc.reshape(-1), target_n)
    launch(_softmax_loss, rows * chosen.lanes, *arrays, rows, classes, *chosen)


def softmax_loss_input_grad(
    dx_nc: DeviceArray, dy_n: DeviceArray, x_nc: DeviceArray, target_n: DeviceArray, scale_n2: DeviceArray
) -> None:
    """`dx[n, c] = dy[n] (e**(x[n, c] - scale[n, 0]) scale[n, 1] - 1 where c is target[n])`."""
    arrays = (dx_nc.reshape(-1), dy_n, x_nc.reshape(-1), target_n, scale_n2.reshape(-1))
    launch(_softmax_loss_grad, dx_nc.size, *arrays, dx_nc.size, dx_nc.shape[1])


def _launch_on_rows(chosen_kernel: Kernel, axis: int, *arrays: DeviceArray) -> None:
    """Run a kernel on the rows along an axis, whose elements lie `inner` apart."""
    shape = arrays[0].shape
    length, inner = shape[axis], math.prod(shape[axis + 1 :])
    rows = math.prod(shape[:axis]) * inner
    chosen = groups(length, rows, side_by_side=inner > 1)
    flat = (array.reshape(-1) for array in arrays)
    launch(chosen_kernel, rows * chosen.lanes, *flat, rows, length, inner, *chosen)


@device
def _base(row, length, inner):
    """Return where a row begins, whose elements lie `inner` apart."""
    return uint32(uint32(row // inner) * length * inner + uint32(row % inner))


@device
def _largest_and_total(shared, x, base, length, inner, lane, lanes, step):
    """Return the largest element of a row and the sum of e**(x - it)."""
    largest = x.dtype.type(-math.inf)
    for i in range(lane, length, lanes):
        value = x[uint32(base + i * inner)]
        if value > largest:
            largest = value
    largest = largest_of_group(shared, largest, lane, lanes, step)
    total = x.dtype.type(0)
    for i in range(lane, length, lanes):
        total += math.exp(x[uint32(base + i * inner)] - largest)
    return largest, sum_of_group(shared, total, lane, lanes, step)


@kernel("out T1", "in T1", *("uint",) * 5)
def _log_softmax(out, x, rows, length, inner, lanes, step):
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = uint32(first + group)
        count = length if row < rows else uint32(0)
        base = _base(row, length, inner)
        largest, total = _largest_and_total(shared, x, base, count, inner, lane, lanes, step)
        logarithm = math.log(total)
        i = lane
        while i < count:  # a range would count in 64 bits, which costs registers
            at = uint32(base + i * inner)
            out[at] = (x[at] - largest) - logarithm
            i = uint32(i + lanes)


@kernel("out T1", "in T1", "in T1", *("uint",) * 5)
def _log_softmax_grad(dx, dy, y, rows, length, inner, lanes, step):
    shared = cuda.shared.array(BLOCK, dx.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = uint32(first + group)
        count = length if row < rows else uint32(0)
        base = _base(row, length, inner)
        total = dy.dtype.type(0)
        for i in range(lane, count, lanes):
            total += dy[uint32(base + i * inner)]
        total = sum_of_group(shared, total, lane, lanes, step)
        for i in range(lane, count, lanes):
            at = uint32(base + i * inner)
            dx[at] = dy[at] - math.exp(y[at]) * total


@kernel("out T1", "out T1", "in T1", "in int64_1", *("uint",) * 4)
def _softmax_loss(out, scale, x, target, rows, classes, lanes, step):
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = uint32(first + group)
        count = classes if row < rows else uint32(0)
        base = uint32(row * classes)
        largest, total = _largest_and_total(shared, x, base, count, uint32(1), lane, lanes, step)
        if row < rows and lane == uint32(0):
            wanted = target[row]
            gap = x.dtype.type(math.nan)
            if 0 <= wanted < classes:
                gap = x[uint32(base + uint32(wanted))] - largest
            out[row] = math.log(total) - gap
            scale[uint32(row * uint32(2))] = largest
            scale[uint32(row * uint32(2) + uint32(1))] = x.dtype.type(1) / total


@kernel("out T1", "in T1", "in T1", "in int64_1", "in T1", "uint", "uint")
def _softmax_loss_grad(dx, dy, x, target, scale, size, classes):
    for i in range(first_index(), size, grid_threads()):
        row = uint32(i // classes)
        wanted, at = target[row], uint32(row * uint32(2))
        share = math.exp(x[i] - scale[at]) * scale[uint32(at + uint32(1))]
        if wanted < 0 or wanted >= classes:
            share = dx.dtype.type(math.nan)
        elif wanted == uint32(i % classes):
            share -= dx.dtype.type(1)
        dx[i] = dy[row] * share
