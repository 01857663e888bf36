"""Random words for kernels: Philox blocks of four, side by side along a flat array.

Element i of an array has word offset + i of its stream. Tasks are blocks: the words 4 block to 4 block + 3, of which
some in the first and in the last block may belong to no element.
"""

import math

from minigrad_kernels import philox
from minigrad_kernels.cpu.helper import helper

LOW_32 = 0xFFFFFFFF

philox_block = helper(philox.philox_block)


def count_blocks(size: int, offset: int) -> int:
    """Return the number of blocks that hold the words offset to offset + size - 1."""
    return (offset % 4 + size + 3) // 4


def split(seed: int) -> tuple[int, int]:
    """Return the lower and the upper 32 bits of a seed."""
    return seed & LOW_32, seed >> 32


@helper
def words_of_block(block, stream, seed_low, seed_high):
    """Draw the four words of a block."""
    return philox_block(block & LOW_32, block >> 32, stream, seed_low, seed_high, 0)


@helper
def box_muller(mean, std, word_1, word_2):
    """Make two normal numbers of two words."""
    radius = std * math.sqrt(-2.0 * math.log((word_1 + 1) * 2.0**-32))
    angle = 2.0 * math.pi * (word_2 * 2.0**-32)
    return mean + radius * math.cos(angle), mean + radius * math.sin(angle)


@helper
def write_four(out, first, values):
    """Write four values to out[first:], those of them for which there is an element."""
    for lane in range(4):
        if 0 <= first + lane < len(out):
            out[first + lane] = values[lane]
