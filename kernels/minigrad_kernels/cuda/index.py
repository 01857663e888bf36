"""Indexing and joining; arrays of any strides.

    gather              out[..., i, ...] = x[..., index[..., i, ...], ...]
    gather_input_grad   dx[..., j, ...] = sum of dy[..., i, ...] over the i, in order, with index[..., i, ...] = j
    embed               out[index] = x, 0 elsewhere

In copies a thread is an element that is written; bits are copied, by a kernel for each size. In the gradient a thread
is a stretch of a line along the axis: it goes through the whole index and adds to its own stretch alone, so that each
element has one writer, who adds in index order. How long a stretch is, shapes decide: one element if there are few.

An index outside the axis reads nothing: it gives NaN, in integers 0. (To check it, the host would have to wait for it.)
"""

from itertools import chain

import numpy as np

from minigrad_kernels.cuda import update
from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import ALL, kernel
from minigrad_kernels.cuda.language import first_index, grid_threads, uint32
from minigrad_kernels.cuda.launch import ceil_div, launch
from minigrad_kernels.cuda.strided import WORDS, as_words
from minigrad_kernels.cuda.strides import span
from minigrad_kernels.cuda.walk import SHAPE, STEPS, over, place, walks

STRETCHES = 1 << 16
"""So many threads are enough for a gradient; each of them reads the whole index."""


def gather(out: DeviceArray, x: DeviceArray, index: DeviceArray, axis: int) -> None:
    """Write out[..., i, ...] = x[..., index[..., i, ...], ...]."""
    out_words, x_words = as_words(out, x)
    given, indices = span(x_words), span(index)
    across = given._replace(strides=(*given.strides[:axis], 0, *given.strides[axis + 1 :]))
    nothing = np.full(1, np.nan if x.dtype.kind == "f" else 0, x.dtype).view(given.row.dtype)[0]
    for walk in walks(out.shape, across, indices):
        arrays = (walk.part_of(out_words), given.row, indices.row)
        line = (x.shape[axis], given.strides[axis])
        launch(_gather, walk.size, *arrays, nothing, walk.size, *line, *walk.shape, *chain(*walk.steps))


def gather_input_grad(dx: DeviceArray, dy: DeviceArray, index: DeviceArray, axis: int) -> None:
    """Write the adjoint of gather: dx at an index is the sum of the dy that were gathered from it."""
    others = [a for a in range(dx.ndim) if a != axis]
    spans = span(dx), span(dy), span(index)
    rows, along = [given.row for given in spans], [given.strides[axis] for given in spans]
    lines = [index.shape[a] for a in others]
    if lines != [dx.shape[a] for a in others]:
        update.fill(dx, 0)
    length = dx.shape[axis]
    stretch = max(1, dx.size // STRETCHES)
    for walk in walks(lines, *(over(given, others) for given in spans)):
        scalars = (walk.size, length, stretch, index.shape[axis], *along)
        threads = walk.size * ceil_div(length, stretch)
        launch(_gather_grad, threads, *rows, threads, *scalars, *walk.shape, *chain(*walk.steps))


def embed(out: DeviceArray, x: DeviceArray, index: tuple[int | slice | None, ...]) -> None:
    """Write zeros, then x to out[index] for a basic index."""
    if x.size != out.size:
        update.fill(out, 0)
    _copy(out.slice(index), x)


def cat(out: DeviceArray, parts: tuple[DeviceArray, ...], axis: int) -> None:
    """Write the parts one after the other along the axis."""
    start = 0
    for part in parts:
        end = start + part.shape[axis]
        _copy(out.slice((*(slice(None),) * axis, slice(start, end))), part)
        start = end


def _copy(out: DeviceArray, x: DeviceArray) -> None:
    """Copy between arrays of the same shape."""
    target, given = map(span, as_words(out, x))
    for walk in walks(out.shape, target, given):
        launch(_copy_elements, walk.size, target.row, given.row, walk.size, *walk.shape, *chain(*walk.steps))


@kernel("out T1", "in T1", "in int64_1", "T", *("uint",) * 3, *SHAPE, *STEPS, *STEPS, dtypes=WORDS)
def _gather(
    out, x, index, nothing, size, length, step,
    axes, n1, n2, n3, x_start, x0, x1, x2, x3, index_start, i0, i1, i2, i3,
):  # fmt: skip
    for i in range(first_index(), size, grid_threads()):
        wanted = index[place(i, axes, n1, n2, n3, index_start, i0, i1, i2, i3)]
        if 0 <= wanted < length:
            out[i] = x[uint32(place(i, axes, n1, n2, n3, x_start, x0, x1, x2, x3) + uint32(wanted) * step)]
        else:
            out[i] = nothing


@kernel("out T1", "in T1", "in int64_1", *("uint",) * 8, *SHAPE, *STEPS, *STEPS, *STEPS, dtypes=ALL)
def _gather_grad(
    dx, dy, index, size, lines, length, stretch, count, dx_step, dy_step, index_step,
    axes, n1, n2, n3, dx_start, x0, x1, x2, x3, dy_start, y0, y1, y2, y3, index_start, i0, i1, i2, i3,
):  # fmt: skip
    for i in range(first_index(), size, grid_threads()):
        line = uint32(i % lines)
        first = uint32(uint32(i // lines) * stretch)
        end = min(uint32(first + stretch), length)
        dx_line = place(line, axes, n1, n2, n3, dx_start, x0, x1, x2, x3)
        dy_line = place(line, axes, n1, n2, n3, dy_start, y0, y1, y2, y3)
        index_line = place(line, axes, n1, n2, n3, index_start, i0, i1, i2, i3)
        for own in range(first, end):
            dx[uint32(dx_line + own * dx_step)] = dx.dtype.type(0)
        for entry in range(count):
            position = index[uint32(index_line + entry * index_step)]
            if first <= position < end:
                at = uint32(dx_line + uint32(position) * dx_step)
                dx[at] = dx.dtype.type(dx[at] + dy[uint32(dy_line + entry * dy_step)])


@kernel("out T1", "in T1", "uint", *SHAPE, *STEPS, *STEPS, dtypes=WORDS)
def _copy_elements(out, x, size, axes, n1, n2, n3, out_start, o0, o1, o2, o3, x_start, x0, x1, x2, x3):
    for i in range(first_index(), size, grid_threads()):
        target = place(i, axes, n1, n2, n3, out_start, o0, o1, o2, o3)
        out[target] = x[place(i, axes, n1, n2, n3, x_start, x0, x1, x2, x3)]
