"""Random words for kernels: Philox blocks of four along a flat array, each block drawn by one thread.

Element i of an array has word offset + i of its stream. Of the first block, offset % 4 words come before the array.
"""

from minigrad_kernels import philox
from minigrad_kernels.cuda.language import device, uint32, uint64

LOW_32 = 0xFFFFFFFF

_philox_block = device(philox.philox_block)


def count_blocks(size: int, offset: int) -> int:
    """Return the number of blocks that hold the words offset to offset + size - 1."""
    return (offset % 4 + size + 3) // 4 if size else 0


@device
def words_of_block(block, stream, seed):
    """Draw the four words of a block; all arguments are uint64."""
    low = uint64(LOW_32)
    a, b, c, d = _philox_block(block & low, block >> uint64(32), stream, seed & low, seed >> uint64(32), uint64(0))
    return uint32(a), uint32(b), uint32(c), uint32(d)
