"""Random words on the device: the CPU's, bit for bit, wherever the stream is entered."""

import numpy as np
import pytest

from minigrad_kernels.cuda.launch import MOST_BLOCKS
from minigrad_kernels.reference.words import random_word
from tests.gpu.running import run
from tests.kernels.cases.case import Call, poisoned
from tests.kernels.cases.running import run as run_on_host

SEED = 0xFEDCBA9876543210

# Elements from there on cross from one value of the counter's low word to the next, and the offset's own 32 bits.
CROSSINGS = [4 * 2**32, 2**32, 3 * 4 * 2**32]
OFFSETS = [crossing - before for crossing in CROSSINGS for before in range(6, 10)] + [0, 1, 2, 3]


def both(name, call):
    return run(name, call)[0], run_on_host("cpu", name, call)[0]


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("size", [1, 2, 3, 17])
def test_masks_are_those_of_the_cpu(size, offset):
    x = np.ones((size,), np.float32)
    for threshold in (2**31, 1288490189):
        call = Call((poisoned("float32", (size,)),), (x,), (threshold, 1 / 0.7, SEED, offset))
        got, expected = both("dropout.dropout", call)
        assert got.tobytes() == expected.tobytes()


def test_the_word_that_is_the_threshold_is_kept():
    x = np.ones((9,), np.float32)
    words = [random_word(position, SEED, 1) for position in range(9)]
    for word in words:
        (kept,) = run("dropout.dropout", Call((poisoned("float32", (9,)),), (x,), (word, 1.0, SEED, 0)))
        assert kept.tolist() == [float(other >= word) for other in words]


@pytest.mark.parametrize("offset", OFFSETS)
def test_uniform_fills_are_those_of_the_cpu(offset):
    got, expected = both("random.uniform", Call((poisoned("float32", (17,)),), (), (0.0, 1.0, SEED, 2, offset)))
    assert got.tobytes() == expected.tobytes()


def test_more_blocks_of_words_than_threads():
    size = 4 * MOST_BLOCKS * 256 + 7
    x = np.arange(1, size + 1, dtype=np.float32)
    got, expected = both("dropout.dropout", Call((poisoned("float32", (size,)),), (x,), (2**31, 2.0, SEED, 5)))
    assert got.tobytes() == expected.tobytes()


def test_normal_keeps_what_words_say_of_small_and_large_radii():
    """Of two million words some are so near 0 or 2**32 that float32, used carelessly, would lose most of them."""
    size = 2_000_000
    (got,) = run("random.normal", Call((poisoned("float32", (size,)),), (), (0.0, 1.0, SEED, 0, 3)))
    (exact,) = run_on_host("cpu", "random.normal", Call((poisoned("float64", (size,)),), (), (0.0, 1.0, SEED, 0, 3)))
    assert np.abs(got - exact).max() < 8 * np.finfo(np.float32).eps
