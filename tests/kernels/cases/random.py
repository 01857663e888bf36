"""Cases of random fills."""

import numpy as np
from hypothesis import strategies as st

from tests.kernels.cases.bounds import epsilon, exact
from tests.kernels.cases.case import Call, Case, poisoned
from tests.kernels.cases.sizes import LARGE, SHAPES, sized


def random_words(rng):
    return int(rng.integers(0, 2**64, dtype=np.uint64)), int(rng.integers(0, 2**34))


def drawing(rng, dtype, shape, first, second, stream):
    seed, offset = random_words(rng)
    return Call((poisoned(dtype, shape),), (), (first, second, seed, stream, offset))


def spread(case, call, expected):
    """4 eps of the widest that a random fill reaches; 2**-32 is the smallest u1, so |z| < 6.7."""
    first, second, *_ = call.scalars
    return [4 * epsilon(out) * (abs(first) + 6.7 * abs(second)) for out in expected]


STREAMS = st.integers(0, 3)

CASES = [
    Case(
        "random.uniform",
        drawing,
        sized(shape=SHAPES, first=st.just(0.0), second=st.sampled_from([1.0, 0.25]), stream=STREAMS),
        ({**LARGE[0], "first": 0.0, "second": 1.0, "stream": 0},),
        exact,
    ),
    Case(
        "random.uniform",
        drawing,
        sized(shape=SHAPES, first=st.just(-0.3), second=st.just(0.7), stream=STREAMS),
        ({**LARGE[0], "first": -0.3, "second": 0.7, "stream": 0},),
        spread,
    ),
    Case(
        "random.normal",
        drawing,
        sized(shape=SHAPES, first=st.sampled_from([0.0, 3.0]), second=st.sampled_from([1.0, 0.02]), stream=STREAMS),
        ({**LARGE[0], "first": 0.0, "second": 1.0, "stream": 0},),
        spread,
    ),
]
