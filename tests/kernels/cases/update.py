"""Cases of what changes an array in place."""

from tests.kernels.cases.bounds import exact, rounded, summed
from tests.kernels.cases.case import ALL, Call, Case, poisoned, values
from tests.kernels.cases.elementwise import elementwise
from tests.kernels.cases.sizes import LARGE, SHAPED


def filling(rng, dtype, shape):
    return Call((poisoned(dtype, shape),), (), (values(rng, dtype, ()).item(),))


def accumulating(rng, dtype, shape):
    return Call((values(rng, dtype, shape),), (values(rng, dtype, shape),))


def approaching(rng, dtype, shape):
    return accumulating(rng, dtype, shape)._replace(scalars=(rng.choice([0.0, 0.1, 1.0]),), terms=2)


CASES = [
    Case("update.fill", filling, SHAPED, LARGE, exact, ALL),
    Case("update.copy", elementwise(1), SHAPED, LARGE, exact, ALL),
    Case("update.accumulate", accumulating, SHAPED, LARGE, rounded),
    Case("update.lerp", approaching, SHAPED, LARGE, summed),
]
