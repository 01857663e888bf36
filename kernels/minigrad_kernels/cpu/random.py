"""Random fills, each element a function of its own position in the stream.

    uniform   low + (high - low) u,  u the upper 24 bits of the element's word, as a fraction of 1
    normal    mean + std sqrt(-2 ln u1) cos(2 pi u2) or sin(2 pi u2),  u1 in (0, 1], u2 in [0, 1) from a pair of words

Loops: blocks of four words, shared between threads. What runs once, when a network is made, is left as plain as that.
"""

from typing import Any

from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.words import box_muller, count_blocks, split, words_of_block, write_four

Array = NDArray[Any]

UNIFORM_NANOSECONDS = 3.0
NORMAL_NANOSECONDS = 12.0


def uniform(out: Array, low: float, high: float, seed: int, stream: int, offset: int) -> None:
    """`out[i] = low + (high - low) u`, where u is the upper 24 bits of random word offset + i as a fraction of 1."""
    tasks, work = count_blocks(out.size, offset), out.size * UNIFORM_NANOSECONDS
    team.run(_uniform, tasks, work, out.reshape(-1), low, high, *split(seed), stream, offset)


def normal(out: Array, mean: float, std: float, seed: int, stream: int, offset: int) -> None:
    """`out[i] = mean + std z`, where z is half of a Box-Muller pair.

    Words a and a + 1, a even, give u1 in (0, 1] and u2 in [0, 1), and these z = sqrt(-2 ln u1) cos(2 pi u2) for the
    element at position a and sqrt(-2 ln u1) sin(2 pi u2) for the next.

    Source: Box and Muller, A note on the generation of random normal deviates, 1958.
    """
    tasks, work = count_blocks(out.size, offset), out.size * NORMAL_NANOSECONDS
    team.run(_normal, tasks, work, out.reshape(-1), mean, std, *split(seed), stream, offset)


@kernel("out T1", "float", "float", "int", "int", "int", "int")
def _uniform(begin, end, worker, out, low, high, seed_low, seed_high, stream, offset):
    step = (high - low) * 2.0**-24
    for block in range(begin, end):
        a, b, c, d = words_of_block(offset // 4 + block, stream, seed_low, seed_high)
        values = (low + (a >> 8) * step, low + (b >> 8) * step, low + (c >> 8) * step, low + (d >> 8) * step)
        write_four(out, 4 * block - offset % 4, values)


@kernel("out T1", "float", "float", "int", "int", "int", "int")
def _normal(begin, end, worker, out, mean, std, seed_low, seed_high, stream, offset):
    for block in range(begin, end):
        a, b, c, d = words_of_block(offset // 4 + block, stream, seed_low, seed_high)
        values = (*box_muller(mean, std, a, b), *box_muller(mean, std, c, d))
        write_four(out, 4 * block - offset % 4, values)
