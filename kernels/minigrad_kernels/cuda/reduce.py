"""Reductions over axes, which are gone from the output, and running sums; any strides.

Each output is reduced by a group of threads of one block (`groups`): a thread takes every so many-th element of the
reduced axes, in row-major order, and a tree in shared memory joins what they have. So the order of a sum follows from
the shape and from which axes lie together in memory.

The sum of a whole array has one output, and so one block of 256 threads: more would need scratch, which these entry
points have not. 2**20 elements are 4096 for each thread.

A running sum cuts its line into a piece for each thread of a group, and adds to each the sums of those before.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import ALL, BLOCK, FLOATS, Kernel, kernel
from minigrad_kernels.cuda.groups import first_row, grid_rows, group_of, groups, lane_of, sum_before, sum_of_group
from minigrad_kernels.cuda.language import cuda, device, first_index, grid_threads, int64, math, uint32
from minigrad_kernels.cuda.launch import ceil_div, launch
from minigrad_kernels.cuda.strides import WORD, span
from minigrad_kernels.cuda.walk import AXES, SHAPE, STEPS, over, place, walks

NUMBERS = (*FLOATS, "int64", "int32")
REDUCTION = ("uint",) * 4 + SHAPE + STEPS + SHAPE + ("uint",) * AXES
"""Outputs, elements of each, lanes and step; the walk over outputs; shape and strides of that over elements of one."""


def sum(out: DeviceArray, x: DeviceArray, axes: tuple[int, ...]) -> None:
    """Write the sum of x over the axes."""
    _reduce(_sum, out, x, axes)


def mean(out: DeviceArray, x: DeviceArray, axes: tuple[int, ...]) -> None:
    """Write the sum of x over the axes, divided by the number of elements summed."""
    _reduce(_mean, out, x, axes)


def spread(out: DeviceArray, x: DeviceArray, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    """Write each element of x along the axes, which it has not, divided by the number of its copies."""
    given = span(x)
    kept = iter(given.strides)
    repeated = given._replace(strides=tuple(0 if axis in axes else next(kept) for axis in range(len(shape))))
    copies = math.prod(shape[axis] for axis in axes)
    for walk in walks(shape, repeated):
        launch(_spread, walk.size, walk.part_of(out), given.row, walk.size, copies, *walk.shape, *walk.steps[0])


def amax(out: DeviceArray, x: DeviceArray, axes: tuple[int, ...]) -> None:
    """Write the largest element of x over the axes, NaN if one is."""
    _reduce(_extreme, out, x, axes, False)


def amin(out: DeviceArray, x: DeviceArray, axes: tuple[int, ...]) -> None:
    """Write the smallest element of x over the axes, NaN if one is."""
    _reduce(_extreme, out, x, axes, True)


def argmax(out_int64: DeviceArray, x: DeviceArray, axis: int) -> None:
    """Write the position of the first largest element along the axis; NaN counts as the largest."""
    _reduce(_position, out_int64, x, (axis,), False)


def argmin(out_int64: DeviceArray, x: DeviceArray, axis: int) -> None:
    """Write the position of the first smallest element along the axis; NaN counts as the smallest."""
    _reduce(_position, out_int64, x, (axis,), True)


def cumsum(out: DeviceArray, x: DeviceArray, axis: int) -> None:
    """Write the sums of the elements of x up to each one along the axis."""
    others = [a for a in range(x.ndim) if a != axis]
    target, given = span(out), span(x)
    length = x.shape[axis]
    for walk in walks([x.shape[a] for a in others], over(target, others), over(given, others)):
        chosen = groups(length, walk.size, side_by_side=axis < x.ndim - 1)
        sizes = (walk.size, length, ceil_div(length, chosen.lanes), target.strides[axis], given.strides[axis])
        arguments = (target.row, given.row, *sizes, *chosen, *walk.shape, *chain(*walk.steps))
        launch(_cumsum, walk.size * chosen.lanes, *arguments)


def _reduce(chosen_kernel: Kernel, out: DeviceArray, x: DeviceArray, axes: Sequence[int], *scalars: Any) -> None:
    """Run a kernel on the elements over the axes of each output.

    Raises
    ------
    ValueError
        If the axes are more than four even when those that are one axis in memory are merged.
    """
    given = span(x)
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    inside = list(walks([x.shape[axis] for axis in axes], over(given, axes)))
    if len(inside) > 1:
        raise ValueError(f"cuda: {chosen_kernel.name}: axes {tuple(axes)} of {x!r} are more than {AXES} in memory")
    _, count, shape, ((_, *strides),) = inside[0]
    for walk in walks([x.shape[axis] for axis in kept], over(given, kept)):
        chosen = groups(count, walk.size, side_by_side=_length(walk.steps[0][-1]) < _length(strides[-1]))
        arguments = (walk.size, count, *chosen, *walk.shape, *walk.steps[0], *shape, *strides)
        launch(chosen_kernel, walk.size * chosen.lanes, walk.part_of(out), given.row, *arguments, *scalars)


def _length(stride: int) -> int:
    """Return the absolute value of a stride that is given modulo 2**32."""
    return min(stride, WORD - stride)


@device
def _total(shared, x, base, count, axes, n1, n2, n3, s0, s1, s2, s3, lane, lanes, step):
    """Return the sum of the elements of one output, to all threads of its group."""
    total = x.dtype.type(0)
    for i in range(lane, count, lanes):
        total = x.dtype.type(total + x[place(i, axes, n1, n2, n3, base, s0, s1, s2, s3)])
    return sum_of_group(shared, total, lane, lanes, step)


@kernel("out T1", "in T1", *REDUCTION, dtypes=NUMBERS)
def _sum(
    out, x, rows, count, lanes, step,
    axes, n1, n2, n3, start, s0, s1, s2, s3, inner_axes, i1, i2, i3, t0, t1, t2, t3,
):  # fmt: skip
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = min(uint32(first + group), uint32(rows - uint32(1)))
        base = place(row, axes, n1, n2, n3, start, s0, s1, s2, s3)
        total = _total(shared, x, base, count, inner_axes, i1, i2, i3, t0, t1, t2, t3, lane, lanes, step)
        if lane == uint32(0) and row == uint32(first + group):
            out[row] = total


@kernel("out T1", "in T1", *REDUCTION)
def _mean(
    out, x, rows, count, lanes, step,
    axes, n1, n2, n3, start, s0, s1, s2, s3, inner_axes, i1, i2, i3, t0, t1, t2, t3,
):  # fmt: skip
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = min(uint32(first + group), uint32(rows - uint32(1)))
        base = place(row, axes, n1, n2, n3, start, s0, s1, s2, s3)
        total = _total(shared, x, base, count, inner_axes, i1, i2, i3, t0, t1, t2, t3, lane, lanes, step)
        if lane == uint32(0) and row == uint32(first + group):
            out[row] = total / x.dtype.type(count)


@kernel("out T1", "in T1", "uint", "uint", *SHAPE, *STEPS)
def _spread(out, x, size, copies, axes, n1, n2, n3, start, s0, s1, s2, s3):
    for i in range(first_index(), size, grid_threads()):
        out[i] = x[place(i, axes, n1, n2, n3, start, s0, s1, s2, s3)] / x.dtype.type(copies)


@device
def _comes_before(value, position, other, other_position, is_smallest):
    """Whether a value is the one looked for rather than the other: NaN before all, and of equal ones the first."""
    is_nan, other_is_nan = value != value, other != other
    if is_nan or other_is_nan:
        return is_nan and (not other_is_nan or position < other_position)
    if value == other:
        return position < other_position
    return value < other if is_smallest else value > other


@device
def _first_extreme(values, positions, x, base, count, axes, n1, n2, n3, s0, s1, s2, s3, lane, lanes, step, is_smallest):
    """Return the extreme of the elements of one output and its position, to all threads of the group.

    There are at least as many elements as threads in a group.
    """
    me = uint32(cuda.threadIdx.x)
    best, found = x[place(lane, axes, n1, n2, n3, base, s0, s1, s2, s3)], lane
    for i in range(uint32(lane + lanes), count, lanes):
        value = x[place(i, axes, n1, n2, n3, base, s0, s1, s2, s3)]
        if _comes_before(value, uint32(i), best, found, is_smallest):
            best, found = value, uint32(i)
    values[me] = best
    positions[me] = found
    cuda.syncthreads()
    half = uint32(lanes >> uint32(1))
    while half > uint32(0):
        other = uint32(me + half * step)
        if lane < half and _comes_before(values[other], positions[other], values[me], positions[me], is_smallest):
            values[me] = values[other]
            positions[me] = positions[other]
        cuda.syncthreads()
        half = uint32(half >> uint32(1))
    first = uint32(me - lane * step)
    best, found = values[first], positions[first]
    cuda.syncthreads()
    return best, found


@kernel("out T1", "in T1", *REDUCTION, "uint", dtypes=ALL)
def _extreme(
    out, x, rows, count, lanes, step,
    axes, n1, n2, n3, start, s0, s1, s2, s3, inner_axes, i1, i2, i3, t0, t1, t2, t3, is_smallest,
):  # fmt: skip
    values = cuda.shared.array(BLOCK, x.dtype)
    positions = cuda.shared.array(BLOCK, uint32)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = min(uint32(first + group), uint32(rows - uint32(1)))
        base = place(row, axes, n1, n2, n3, start, s0, s1, s2, s3)
        value, _ = _first_extreme(
            values, positions, x, base, count, inner_axes, i1, i2, i3, t0, t1, t2, t3, lane, lanes, step, is_smallest
        )
        if lane == uint32(0) and row == uint32(first + group):
            out[row] = value


@kernel("out int64_1", "in T1", *REDUCTION, "uint", dtypes=ALL)
def _position(
    out, x, rows, count, lanes, step,
    axes, n1, n2, n3, start, s0, s1, s2, s3, inner_axes, i1, i2, i3, t0, t1, t2, t3, is_smallest,
):  # fmt: skip
    values = cuda.shared.array(BLOCK, x.dtype)
    positions = cuda.shared.array(BLOCK, uint32)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = min(uint32(first + group), uint32(rows - uint32(1)))
        base = place(row, axes, n1, n2, n3, start, s0, s1, s2, s3)
        _, position = _first_extreme(
            values, positions, x, base, count, inner_axes, i1, i2, i3, t0, t1, t2, t3, lane, lanes, step, is_smallest
        )
        if lane == uint32(0) and row == uint32(first + group):
            out[row] = int64(position)


@kernel("out T1", "in T1", *("uint",) * 7, *SHAPE, *STEPS, *STEPS, dtypes=NUMBERS)
def _cumsum(
    out, x, rows, length, piece, out_step, x_step, lanes, step,
    axes, n1, n2, n3, out_start, o0, o1, o2, o3, x_start, x0, x1, x2, x3,
):  # fmt: skip
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), rows, grid_rows(lanes)):
        row = uint32(first + group)
        out_line = place(row, axes, n1, n2, n3, out_start, o0, o1, o2, o3)
        x_line = place(row, axes, n1, n2, n3, x_start, x0, x1, x2, x3)
        count = length if row < rows else uint32(0)
        begin, end = min(uint32(lane * piece), count), min(uint32((lane + uint32(1)) * piece), count)
        total = x.dtype.type(0)
        for i in range(begin, end):
            total = x.dtype.type(total + x[uint32(x_line + i * x_step)])
        total = sum_before(shared, total, lane, lanes, step)
        i = begin
        while i < end:  # a range would count in 64 bits, which costs registers
            total = x.dtype.type(total + x[uint32(x_line + i * x_step)])
            out[uint32(out_line + i * out_step)] = total
            i = uint32(i + uint32(1))
