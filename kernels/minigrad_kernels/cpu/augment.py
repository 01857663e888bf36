"""Augmentation of a batch of images: random words, crops with reflection, and colour.

    words    out[n] = the Philox block of (index[n], epoch, stream 3, position)
    crop     out[n, c, i, j] = x[n, c, top + i, left + j], 0 outside, or with j from the right where it is reflected
    colour   out[n, c] = x[n, c] + sum over k of z[n, k] axis[k, c], z the Box-Muller normals of four words

Loops: n, c, rows, columns. They are run by one thread: that which reads a batch, while others train on the one before.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.words import box_muller, philox_block, split

Array = NDArray[Any]

STREAM = 3


def random_words(out_n4: Array, index_n: Array, seed: int, epoch: int, position: int) -> None:
    """Four words for each image: they depend on nothing but the arguments, index and epoch below 2**32."""
    _random_words(0, len(out_n4), 0, out_n4, index_n, *split(seed), epoch, position)


def crop(out_nchw: Array, x_nchw: Array, corner_n2: Array, reflected_n: Array) -> None:
    """`out[n, c, i, j] = x[n, c, top + i, left + j]`, 0 outside of x; where reflected, row by row from the right."""
    _crop(0, len(out_nchw), 0, out_nchw, x_nchw, corner_n2, reflected_n)


def color_jitter(out_nchw: Array, x_nchw: Array, word_n4: Array, axis_kc: Array) -> None:
    """`out[n, c] = x[n, c] + sum of z[n, k] axis[k, c]`: z of k < 4 are the normals of words 0, 1 and 2, 3."""
    _color_jitter(0, len(out_nchw), 0, out_nchw, x_nchw, word_n4, axis_kc)


@kernel("out uint32_2", "in int64_1", "int", "int", "int", "int")
def _random_words(begin, end, worker, out_n4, index_n, seed_low, seed_high, epoch, position):
    for n in range(begin, end):
        words = philox_block(index_n[n], epoch, STREAM, seed_low, seed_high, position)
        for lane in range(4):
            out_n4[n, lane] = words[lane]


@helper
def _copy(out, x, first, last, is_reversed):
    """Copy x[first:last] over all of out."""
    source = x[first:last]
    if is_reversed:
        for j in range(len(out)):  # without a sign, an index cannot count from the end: the loop becomes vectors
            out[j] = source[np.uint64(len(out) - 1) - np.uint64(j)]
    else:
        for j in range(len(out)):
            out[j] = source[j]


@kernel("out T4", "in T4", "in int64_2", "in uint8_1")
def _crop(begin, end, worker, out_nchw, x_nchw, corner_n2, reflected_n):
    width = out_nchw.shape[3]
    for n in range(begin, end):
        top, left, is_reflected = corner_n2[n, 0], corner_n2[n, 1], reflected_n[n] != 0
        # The columns of the crop that lie in the image, before it is reflected.
        first = min(max(-left, 0), width)
        last = max(first, min(width, x_nchw.shape[3] - left))
        start, stop = (width - last, width - first) if is_reflected else (first, last)
        for c in range(out_nchw.shape[1]):
            for i in range(out_nchw.shape[2]):
                row = out_nchw[n, c, i]
                if 0 <= top + i < x_nchw.shape[2] and first < last:
                    row[:start] = 0
                    _copy(row[start:stop], x_nchw[n, c, top + i], left + first, left + last, is_reflected)
                    row[stop:] = 0
                else:
                    row[:] = 0


@kernel("out T4", "in T4", "in uint32_2", "in float64_2")
def _color_jitter(begin, end, worker, out_nchw, x_nchw, word_n4, axis_kc):
    for n in range(begin, end):
        words = word_n4[n]
        pairs = box_muller(0.0, 1.0, words[0], words[1]), box_muller(0.0, 1.0, words[2], words[3])
        for c in range(out_nchw.shape[1]):
            shift = 0.0
            for k in range(len(axis_kc)):
                shift += pairs[k // 2][k % 2] * axis_kc[k, c]
            added = out_nchw.dtype.type(shift)
            for i in range(out_nchw.shape[2]):
                row, source = out_nchw[n, c, i], x_nchw[n, c, i]
                for j in range(len(row)):
                    row[j] = source[j] + added
