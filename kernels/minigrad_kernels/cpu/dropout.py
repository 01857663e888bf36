"""Dropout: out[i] = x[i] scale where word(offset + i) >= threshold, else 0.

The mask is drawn again whenever it is needed. All blocks of words but the first and the last lie wholly in the array:
the loop over them has no tests in it, so that it becomes vectors, several blocks at a time.
"""

from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helper import helper
from minigrad_kernels.cpu.words import count_blocks, split, words_of_block

Array = NDArray[Any]

STREAM = 1
ELEMENT_NANOSECONDS = 0.6


def dropout(out: Array, x: Array, threshold: int, scale: float, seed: int, offset: int) -> None:
    """`out[i] = x[i] scale` where random word offset + i >= threshold, else 0; i counts the flattened elements."""
    tasks, work = count_blocks(out.size, offset), out.size * ELEMENT_NANOSECONDS
    team.run(_dropout, tasks, work, out.reshape(-1), x.reshape(-1), threshold, scale, *split(seed), offset)


@helper
def _keep(out, x, i, scale, word, threshold):
    out[i] = x[i] * scale if word >= threshold else out.dtype.type(0)


@kernel("out T1", "in T1", "int", "T", "int", "int", "int")
def _dropout(begin, end, worker, out, x, threshold, scale, seed_low, seed_high, offset):
    skip = offset % 4  # words of the first block that come before the array
    first = max(begin, 1 if skip else 0)
    last = max(first, min(end, (skip + len(out)) // 4))
    whole_out, whole_x = out[4 * first - skip : 4 * last - skip], x[4 * first - skip : 4 * last - skip]
    for n in range(len(whole_out) // 4):
        words = words_of_block(offset // 4 + first + n, STREAM, seed_low, seed_high)
        for lane in range(4):
            _keep(whole_out, whole_x, 4 * n + lane, scale, words[lane], threshold)
    before = first - begin
    for n in range(before + end - last):
        block = begin + n if n < before else last + n - before
        words = words_of_block(offset // 4 + block, STREAM, seed_low, seed_high)
        for lane in range(4):
            i = 4 * block - skip + lane
            if 0 <= i < len(out):
                _keep(out, x, i, scale, words[lane], threshold)
