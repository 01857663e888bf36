"""Random fills, each element a function of its own position in the stream.

    uniform   low + (high - low) u,  u the upper 24 bits of the element's word, as a fraction of 1
    normal    mean + std sqrt(-2 ln u1) cos(2 pi u2) or sin(2 pi u2),  u1 in (0, 1], u2 in [0, 1) from a pair of words

A thread is a block of four random words, and writes the elements of these words, which are nobody else's.

In float32, u1 near 1 and the angle would lose what the words say. So ln u1 is ln(1 - (1 - u1)) there, and angles are
halves of a right angle at most, left of a multiple of it that integers tell.
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel, kernel
from minigrad_kernels.cuda.language import device, first_index, float32, grid_threads, int32, math, uint32, uint64
from minigrad_kernels.cuda.launch import launch
from minigrad_kernels.cuda.words import count_blocks, words_of_block

UNIT_24 = 2.0**-24
UNIT_32 = 2.0**-32
TURN = 2 * math.pi * UNIT_32

# Terms of the series of sine and cosine that reach 2**-53 of them, at half of a right angle.
TERMS = 8


def uniform(out: DeviceArray, low: float, high: float, seed: int, stream: int, offset: int) -> None:
    """`out[i] = low + (high - low) u`, where u is the upper 24 bits of random word offset + i as a fraction of 1."""
    _run(_uniform, out, low, (high - low) * UNIT_24, seed, stream, offset)


def normal(out: DeviceArray, mean: float, std: float, seed: int, stream: int, offset: int) -> None:
    """`out[i] = mean + std z`, where z is half of a Box-Muller pair.

    Words a and a + 1, a even, give u1 in (0, 1] and u2 in [0, 1), and these z = sqrt(-2 ln u1) cos(2 pi u2) for the
    element at position a and sqrt(-2 ln u1) sin(2 pi u2) for the next.

    Source: Box and Muller, A note on the generation of random normal deviates, 1958.
    """
    _run(_normal, out, mean, std, seed, stream, offset)


def _run(kernel: Kernel, out: DeviceArray, first: float, second: float, seed: int, stream: int, offset: int) -> None:
    blocks = count_blocks(out.size, offset)
    words = seed, stream, offset // 4, offset % 4
    launch(kernel, blocks, out.reshape(-1), first, second, *words, out.size, blocks)


_WORDS = ("uint64", "uint64", "uint64", "uint")


@kernel("out T1", "T", "T", *_WORDS, "uint", "uint")
def _uniform(out, low, step, seed, stream, first_block, skip, size, blocks):
    number = out.dtype.type
    block = uint32(first_index())
    while block < blocks:
        words = words_of_block(first_block + uint64(block), stream, seed)
        for lane in range(4):
            i = uint32(uint32(4) * block + uint32(lane) - skip)
            if i < size:  # before the array, i has wrapped around
                out[i] = low + number(words[lane] >> uint32(8)) * step
        block = uint32(block + grid_threads())


@device
def _sine_and_cosine(x):
    """Return both for |x| up to pi / 4, by their series: 1 - x^2 / (2 3) (1 - x^2 / (4 5) (1 - ...))."""
    square = x * x
    sine = cosine = float32(1)
    for n in range(2 * TERMS, 0, -2):
        sine = float32(1) - square / float32(n * (n + 1)) * sine
        cosine = float32(1) - square / float32(n * (n - 1)) * cosine
    return x * sine, cosine


@device
def _box_muller(number, word_1, word_2):
    """Return a pair of the type `number`, for words of u1 and u2."""
    unit = number(UNIT_32)
    if word_1 < uint32(1 << 31):
        log_u1 = math.log(number(uint32(word_1 + uint32(1))) * unit)
    else:
        log_u1 = math.log1p(-number(uint32(~word_1)) * unit)
    radius = math.sqrt(float32(-2) * log_u1)
    quarter = uint32(uint32(word_2 + uint32(1 << 29)) >> uint32(30))
    sine, cosine = _sine_and_cosine(number(int32(word_2 - (quarter << uint32(30)))) * number(TURN))
    if quarter & uint32(1):
        sine, cosine = cosine, -sine
    if quarter & uint32(2):
        radius = -radius
    return radius * cosine, radius * sine


@kernel("out T1", "T", "T", *_WORDS, "uint", "uint")
def _normal(out, mean, std, seed, stream, first_block, skip, size, blocks):
    block = uint32(first_index())
    while block < blocks:
        a, b, c, d = words_of_block(first_block + uint64(block), stream, seed)
        values = (*_box_muller(out.dtype.type, a, b), *_box_muller(out.dtype.type, c, d))
        for lane in range(4):
            i = uint32(uint32(4) * block + uint32(lane) - skip)
            if i < size:  # likewise
                out[i] = mean + std * values[lane]
        block = uint32(block + grid_threads())
