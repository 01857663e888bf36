"""The random generator: its published answers, and the same bits from the interpreter and from compiled code."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad_kernels.philox import philox_block
from minigrad_kernels.reference.words import random_word

ONES = 0xFFFFFFFF

# From kat_vectors of Random123, the authors' own library: counter, key, result. The last is made of digits of pi.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]

compiled_block = numba.njit(philox_block)
WORD = st.integers(0, ONES)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
@pytest.mark.parametrize("block", [philox_block, compiled_block], ids=["python", "compiled"])
def test_known_answers(block, counter, key, expected):
    *low_counter, spare = counter
    assert block(*low_counter, *key, spare) == expected


@settings(max_examples=200, deadline=None)
@given(words=st.tuples(*[WORD] * 5))
@pytest.mark.parametrize("integer", [int, np.int64, np.uint64, np.uint32])
def test_compiled_for_any_integer_type_gives_the_bits_of_python(integer, words):
    assert compiled_block(*map(integer, words)) == philox_block(*words)


def test_random_words_run_through_blocks_lane_by_lane():
    seed = 0x0123456789ABCDEF
    first_block = 2**32 - 1  # the next one carries into the counter's high word
    positions = range(4 * first_block, 4 * first_block + 8)
    expected = philox_block(ONES, 0, 2, 0x89ABCDEF, 0x01234567) + philox_block(0, 1, 2, 0x89ABCDEF, 0x01234567)
    assert tuple(random_word(position, seed, stream=2) for position in positions) == expected
