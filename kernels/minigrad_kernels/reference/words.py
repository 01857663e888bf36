"""The random words of a stream, one at a time."""

from minigrad_kernels.philox import philox_block

LOW_32 = 0xFFFFFFFF


def random_word(position: int, seed: int, stream: int) -> int:
    """Word number `position` of a stream: lane position % 4 of the Philox block position // 4."""
    block, lane = divmod(position, 4)
    return philox_block(block & LOW_32, block >> 32, stream, seed & LOW_32, seed >> 32)[lane]
