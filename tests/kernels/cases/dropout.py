"""Cases of dropout."""

from hypothesis import strategies as st

from tests.kernels.cases.bounds import exact
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.random import random_words
from tests.kernels.cases.sizes import LARGE, SHAPES, sized


def dropping(rng, dtype, shape, threshold):
    scalars = (threshold, 1 / 0.7, *random_words(rng))
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape),), scalars)


DROPPED = st.sampled_from([0, 2**32, 2**31, 1288490189])

CASES = [
    Case(
        "dropout.dropout", dropping, sized(shape=SHAPES, threshold=DROPPED), ({**LARGE[0], "threshold": 2**31},), exact
    ),
]
