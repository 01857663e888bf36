"""In-place updates: one flat pass over the elements, a thread each.

Filling and copying move words of 1, 4 or 8 bytes, whatever their dtype.
"""

import numpy as np

from minigrad_kernels.cuda import elementwise, runtime
from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import kernel
from minigrad_kernels.cuda.language import first_index, grid_threads, uint32
from minigrad_kernels.cuda.launch import launch
from minigrad_kernels.cuda.strided import WORDS, as_words, map_kernel, run


def fill(out: DeviceArray, value: float) -> None:
    """`out = value`."""
    (words,) = as_words(out)
    word = np.array(value).astype(out.dtype).view(words.dtype)[()]
    launch(_fill, out.size, words.reshape(-1), word, out.size)


def copy(out: DeviceArray, x: DeviceArray) -> None:
    """`out = x`."""
    if x.is_contiguous and out.size:
        runtime.wait_for_copies(out, x)
        runtime.current().copy_on_device(out.address, x.address, out.nbytes)
    else:
        run(_copy, *as_words(out, x))


def accumulate(out: DeviceArray, x: DeviceArray) -> None:
    """`out = out + x`."""
    elementwise.add(out, out, x)


def lerp(out: DeviceArray, x: DeviceArray, weight: float) -> None:
    """`out = (1 - weight) out + weight x`."""
    launch(_lerp, out.size, out.reshape(-1), x.reshape(-1), 1 - weight, weight, out.size)


@kernel("out T1", "T", "uint", dtypes=WORDS)
def _fill(out, word, size):
    i = uint32(first_index())
    while i < size:
        out[i] = word
        i = uint32(i + grid_threads())


@map_kernel("out T1", "in T1", dtypes=WORDS)
def _copy(x):
    return x


@kernel("out T1", "in T1", "T", "T", "uint")
def _lerp(out, x, keep, weight, size):
    i = uint32(first_index())
    while i < size:
        out[i] = keep * out[i] + weight * x[i]
        i = uint32(i + grid_threads())
