"""Dropout: out[i] = x[i] scale where word(offset + i) >= threshold, else 0.

A thread is a block of four random words, and writes the elements of these words, which are nobody else's. The mask is
drawn again whenever it is needed, equal bit for bit to that of the CPU: words are integers, and so is the threshold.
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import kernel
from minigrad_kernels.cuda.language import first_index, grid_threads, uint32, uint64
from minigrad_kernels.cuda.launch import launch
from minigrad_kernels.cuda.words import count_blocks, words_of_block

STREAM = 1


def dropout(out: DeviceArray, x: DeviceArray, threshold: int, scale: float, seed: int, offset: int) -> None:
    """`out[i] = x[i] scale` where random word offset + i >= threshold, else 0; i counts the flattened elements."""
    blocks = count_blocks(out.size, offset)
    arrays = out.reshape(-1), x.reshape(-1)
    launch(_dropout, blocks, *arrays, threshold, scale, seed, offset // 4, offset % 4, out.size, blocks)


@kernel("out T1", "in T1", "uint64", "T", "uint64", "uint64", "uint", "uint", "uint")
def _dropout(out, x, threshold, scale, seed, first_block, skip, size, blocks):
    block = uint32(first_index())
    while block < blocks:
        words = words_of_block(first_block + uint64(block), uint64(STREAM), seed)
        for lane in range(4):
            i = uint32(uint32(4) * block + uint32(lane) - skip)
            if i < size:  # before the array, i has wrapped around
                out[i] = x[i] * scale if uint64(words[lane]) >= threshold else x.dtype.type(0)
        block = uint32(block + grid_threads())
