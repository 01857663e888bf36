"""Cases of what changes an array in place."""

from tests.kernels.cases.bounds import exact, rounded
from tests.kernels.cases.case import ALL, Call, Case, poisoned, values
from tests.kernels.cases.elementwise import elementwise
from tests.kernels.cases.sizes import LARGE, SHAPED


def filling(rng, dtype, shape):
    return Call((poisoned(dtype, shape),), (), (values(rng, dtype, ()).item(),))


def accumulating(rng, dtype, shape):
    return Call((values(rng, dtype, shape),), (values(rng, dtype, shape),))


CASES = [
    Case("update.fill", filling, SHAPED, LARGE, exact, ALL),
    Case("update.copy", elementwise(1), SHAPED, LARGE, exact, ALL),
    Case("update.accumulate", accumulating, SHAPED, LARGE, rounded),
]
