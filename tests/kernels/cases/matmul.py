"""Cases of the matrix product."""

from math import inf

from hypothesis import strategies as st

from tests.kernels.cases.bounds import summed
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.sizes import COUNTS, LEAST, LONG, sized


def product(rng, dtype, batch, m, k, n):
    inputs = values(rng, dtype, (*batch, m, k)), values(rng, dtype, (*batch, k, n))
    return Call((poisoned(dtype, (*batch, m, n)),), inputs, (), k)


def rows_with_rows(rng, dtype, m, k, n, with_bias, least):
    inputs = values(rng, dtype, (m, k)), values(rng, dtype, (n, k)), values(rng, dtype, (n if with_bias else 0,))
    return Call((poisoned(dtype, (m, n)),), inputs, (least,), k + 1)


LARGE_PRODUCTS = (
    {"batch": (2,), "m": 150, "k": 20, "n": 30},
    {"batch": (2,), "m": 20, "k": 270, "n": 35},
    {"batch": (2,), "m": 10, "k": 12, "n": 530},
    {"batch": (30,), "m": 7, "k": 5, "n": 9},
    {"batch": (), "m": 150, "k": 10, "n": 30},
)

CASES = [
    Case(
        "matmul.matmul",
        product,
        sized(batch=st.just(()) | st.tuples(COUNTS), m=COUNTS | LONG, k=COUNTS | LONG, n=COUNTS | LONG),
        LARGE_PRODUCTS,
        summed,
    ),
    Case(
        "matmul.linear",
        rows_with_rows,
        sized(
            m=COUNTS | LONG,
            k=COUNTS | LONG | st.sampled_from([64, 100]),
            n=COUNTS | LONG,
            with_bias=st.booleans(),
            least=LEAST,
        ),
        tuple(
            {"m": m, "k": k, "n": n, "with_bias": True, "least": least}
            for m, k, n, least in ((150, 80, 30, 0.0), (150, 20, 30, -inf), (20, 1100, 40, 0.0))
        ),
        summed,
    ),
]
