"""Cases of windows as columns, and of their sum."""

import math

from tests.kernels.cases.bounds import exact, summed
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.conv import LARGE_CONVOLUTIONS, convolutions


def column_shape(conv):
    return (*conv.x_shape[:2], *conv.kernel, *conv.y_shape[2:])


def unfolding(rng, dtype, conv):
    return Call((poisoned(dtype, column_shape(conv)),), (values(rng, dtype, conv.x_shape),), conv.scalars[:6])


def folding(rng, dtype, conv):
    inputs = (values(rng, dtype, column_shape(conv)),)
    return Call((poisoned(dtype, conv.x_shape),), inputs, conv.scalars[:6], math.prod(conv.kernel))


CASES = [
    Case("unfold.unfold", unfolding, convolutions(), LARGE_CONVOLUTIONS[:3], exact),
    Case("unfold.fold", folding, convolutions(), LARGE_CONVOLUTIONS[:3], summed),
]
