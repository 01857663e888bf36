"""Philox 4x32-10, the counter-based random generator, as one scalar function.

It is plain Python, so that Numba compiles it unchanged for the CPU and for CUDA, and the reference runs it as it is.
A block of four words depends on nothing but its counter and key, so any element of a stream can be drawn by any thread.

All arithmetic is on integers of 64 bits, signed or not. A product of two words may set the sign bit, but both of its
halves are masked to 32 bits, and the masked bits are the same for signed, unsigned and Python's unbounded integers.

Source: Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011.
"""

WORD_MASK = 0xFFFFFFFF
ROUNDS = 10
MULTIPLIER_0 = 0xD2511F53
MULTIPLIER_1 = 0xCD9E8D57
# The key schedule adds the golden ratio and sqrt(3) - 1, as fractions of 2**32.
KEY_STEP_LOW = 0x9E3779B9
KEY_STEP_HIGH = 0xBB67AE85


def philox_block(
    counter_low: int, counter_high: int, stream: int, key_low: int, key_high: int, spare: int = 0
) -> tuple[int, int, int, int]:
    """Four random 32-bit words of the counter (counter_low, counter_high, stream, spare), key (key_low, key_high).

    Arguments and results are integers in [0, 2**32). A round is
    (c0, c1, c2, c3) -> (high(M1 c2) ^ c1 ^ k0, low(M1 c2), high(M0 c0) ^ c3 ^ k1, low(M0 c0)),
    and ten of them are run, the key moving on by its steps between two. Augmentation alone uses the spare word.
    """
    # Masking turns every integer type into the type of the mask before anything is multiplied.
    word_0 = counter_low & WORD_MASK
    word_1 = counter_high & WORD_MASK
    word_2 = stream & WORD_MASK
    word_3 = spare & WORD_MASK
    key_low = key_low & WORD_MASK
    key_high = key_high & WORD_MASK
    for _ in range(ROUNDS):
        product_0 = MULTIPLIER_0 * word_0
        product_1 = MULTIPLIER_1 * word_2
        word_0 = ((product_1 >> 32) & WORD_MASK) ^ word_1 ^ key_low
        word_1 = product_1 & WORD_MASK
        word_2 = ((product_0 >> 32) & WORD_MASK) ^ word_3 ^ key_high
        word_3 = product_0 & WORD_MASK
        key_low = (key_low + KEY_STEP_LOW) & WORD_MASK
        key_high = (key_high + KEY_STEP_HIGH) & WORD_MASK
    return word_0, word_1, word_2, word_3
