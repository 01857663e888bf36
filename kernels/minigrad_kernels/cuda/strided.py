"""Makes kernels out[i] = f(x[i], ...) of a function f of scalars, and runs them on inputs of any strides.

    @map_kernel("out T1", "in T1", "in T1")
    def _add(x, y):
        return x + y

A thread is an element of out, which is contiguous: nobody else writes it. Axes that are one axis in memory, in all
inputs, are merged before. Of arrays that lie side by side, or are 0-d, one axis is left, and element i of an input lies
at start + i step; only where more are left is i divided by their lengths, up to three times. All of it is uint32. How
many axes there are is the same for all threads: the compiler makes two loops of it, with and without divisions.
"""

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from minigrad_kernels.cuda.array import DeviceArray, Memory, contiguous_strides
from minigrad_kernels.cuda.compiler import FLOATS, Kernel, kernel
from minigrad_kernels.cuda.language import device, first_index, grid_threads, uint32
from minigrad_kernels.cuda.launch import launch
from minigrad_kernels.cuda.strides import collapse, span

AXES = 4

_LAYOUT = ("uint",) * (1 + AXES)  # the size of out, how many axes there are, the lengths of the last three
_STEPS = ("uint",) * (1 + AXES)  # of an input: where it starts, and its strides

_WORDS: dict[int, np.dtype[Any]] = {1: np.dtype(np.uint8), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}
WORDS = tuple(word.name for word in _WORDS.values())


@device
def _indices(i, axes, n1, n2, n3):
    """Return the indices of element i on four axes: 0 on the leading ones, where there are fewer."""
    at_0 = at_1 = at_2 = uint32(0)
    at_3 = i
    if axes > uint32(1):
        at_2 = uint32(at_3 // n3)
        at_3 = uint32(at_3 - at_2 * n3)
    if axes > uint32(2):
        at_1 = uint32(at_2 // n2)
        at_2 = uint32(at_2 - at_1 * n2)
    if axes > uint32(3):
        at_0 = uint32(at_1 // n1)
        at_1 = uint32(at_1 - at_0 * n1)
    return at_0, at_1, at_2, at_3


@device
def _place(at, start, step_0, step_1, step_2, step_3):
    """Return where an input has the element of these indices."""
    return uint32(start + at[0] * step_0 + at[1] * step_1 + at[2] * step_2 + at[3] * step_3)


def _of_one(f):
    def apply(out, x, size, axes, n1, n2, n3, x_start, x0, x1, x2, x3):
        i = uint32(first_index())
        while i < size:
            at = _indices(i, axes, n1, n2, n3)
            out[i] = out.dtype.type(f(x[_place(at, x_start, x0, x1, x2, x3)]))
            i = uint32(i + grid_threads())

    return apply


def _of_two(f):
    def apply(out, x, y, size, axes, n1, n2, n3, x_start, x0, x1, x2, x3, y_start, y0, y1, y2, y3):
        i = uint32(first_index())
        while i < size:
            at = _indices(i, axes, n1, n2, n3)
            a = x[_place(at, x_start, x0, x1, x2, x3)]
            b = y[_place(at, y_start, y0, y1, y2, y3)]
            out[i] = out.dtype.type(f(a, b))
            i = uint32(i + grid_threads())

    return apply


def _of_three(f):
    def apply(
        out, x, y, z, size, axes, n1, n2, n3,
        x_start, x0, x1, x2, x3, y_start, y0, y1, y2, y3, z_start, z0, z1, z2, z3,
    ):  # fmt: skip
        i = uint32(first_index())
        while i < size:
            at = _indices(i, axes, n1, n2, n3)
            a = x[_place(at, x_start, x0, x1, x2, x3)]
            b = y[_place(at, y_start, y0, y1, y2, y3)]
            c = z[_place(at, z_start, z0, z1, z2, z3)]
            out[i] = out.dtype.type(f(a, b, c))
            i = uint32(i + grid_threads())

    return apply


_LOOPS = {1: _of_one, 2: _of_two, 3: _of_three}


def map_kernel(
    out: str, *inputs: str, dtypes: Iterable[str] = FLOATS, pairs: bool = False
) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a kernel of a function of scalars, as many as there are inputs; words and dtypes are those of `kernel`."""

    def decorate(function: Callable[..., Any]) -> Kernel:
        apply = _LOOPS[len(inputs)](device(function))
        for name in ("__module__", "__name__", "__qualname__"):
            setattr(apply, name, getattr(function, name))
        return kernel(out, *inputs, *_LAYOUT, *_STEPS * len(inputs), dtypes=dtypes, pairs=pairs)(apply)

    return decorate


class _Layout(NamedTuple):
    """Axes of out, as few as possible; of each input strides on them, and elements and first byte of the span."""

    shape: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, int], ...]
    words: tuple[int, ...]
    """What a kernel is told."""


@functools.lru_cache(maxsize=4096)
def _layout(shape: tuple[int, ...], *inputs: tuple[np.dtype[Any], tuple[int, ...]]) -> _Layout:
    """Return how inputs of these dtypes and strides lie: a training step asks for the same again and again."""
    lengths, strides = collapse(shape, *(steps or (0,) * len(shape) for _, steps in inputs))
    nowhere = Memory(0, 0)
    spans = [
        span(DeviceArray(nowhere, lengths, dtype, steps), max(AXES, len(lengths)))
        for (dtype, _), steps in zip(inputs, strides, strict=True)
    ]
    last = ([1] * AXES + lengths)[1 - AXES :]
    words = [math.prod(shape), len(lengths), *last, *(word for x in spans for word in (x.start, *x.strides))]
    rows = tuple((x.row.size, x.row.offset) for x in spans)
    return _Layout(tuple(lengths), tuple(map(tuple, strides)), rows, tuple(words))


def run(kernel: Kernel, out: DeviceArray, *inputs: DeviceArray) -> None:
    """Launch a kernel of `map_kernel` once, or where more than four axes are left, for each slice of the first."""
    if out.size == 0:
        return
    layout = _layout(out.shape, *((x.dtype, x.strides) for x in inputs))
    if len(layout.shape) <= AXES:
        rows = (
            DeviceArray(x.memory, (size,), x.dtype, (x.itemsize,), x.offset + first)
            for x, (size, first) in zip(inputs, layout.rows, strict=True)
        )
        launch(kernel, out.size, out.reshape(-1), *rows, *layout.words)
        return
    strides = contiguous_strides(layout.shape, out.itemsize), *layout.strides
    views = [
        DeviceArray(x.memory, layout.shape, x.dtype, steps, x.offset)
        for x, steps in zip((out, *inputs), strides, strict=True)
    ]
    for i in range(layout.shape[0]):
        run(kernel, *(view.slice((i,)) for view in views))


def viewed(array: DeviceArray, dtype: Any) -> DeviceArray:
    """Return the same memory as elements of another dtype of the same size."""
    return DeviceArray(array.memory, array.shape, dtype, array.strides, array.offset)


def as_words(*arrays: DeviceArray) -> list[DeviceArray]:
    """Return the arrays with integers for elements: what only moves them needs no kernel for each dtype."""
    return [viewed(array, _WORDS[array.itemsize]) for array in arrays]


def as_numbers(*arrays: DeviceArray) -> list[DeviceArray]:
    """Return arrays of False and True as arrays of 0 and 1, and others as they are."""
    return [viewed(array, np.uint8) if array.dtype == np.bool_ else array for array in arrays]
