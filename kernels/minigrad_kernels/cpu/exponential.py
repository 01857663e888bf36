"""e**x as a polynomial that loops over arrays turn into vectors, in the precision of x.

    e**x = 2**n e**r, where x = n ln 2 + r with an integer n, so that |r| < ln 2 / 2; NaN stays NaN

2**n is multiplied in two halves: the smallest and the largest results have no n that fits the bits of an exponent.
Beyond the limits the result is 0 or infinity, as it has to be. The error is below 1 unit in the last place.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from minigrad_kernels.cpu.helper import helper

LOG_2_E = 1 / math.log(2)
# ln 2 in two parts: the first has zeros at its end, so that its product with an exponent is exact.
LN_2_HIGH, LN_2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
LN_2_HIGH_32, LN_2_LOW_32 = np.float32(0.693359375), np.float32(-2.12194440e-4)
# Taylor series, the last term first: for |r| < ln 2 / 2 what is left out is below rounding.
SERIES = tuple(1 / math.factorial(k) for k in range(13, -1, -1))
SERIES_32 = tuple(np.float32(1 / math.factorial(k)) for k in range(7, -1, -1))
LOG_2_E_32, HALF_32 = np.float32(LOG_2_E), np.float32(0.5)
LOWEST_32, HIGHEST_32 = np.float32(-105.0), np.float32(89.0)
LOWEST, HIGHEST = -747.0, 711.0


@helper
def _power_of_2_32(n):
    return np.int32((n + np.int32(127)) << np.int32(23)).view(np.float32)


@helper
def _power_of_2_64(n):
    return np.int64((n + 1023) << 52).view(np.float64)


def _exp_32(x: Any) -> Any:
    x = LOWEST_32 if x < LOWEST_32 else x
    x = HIGHEST_32 if x > HIGHEST_32 else x
    n = np.floor(x * LOG_2_E_32 + HALF_32)
    r = (x - n * LN_2_HIGH_32) - n * LN_2_LOW_32
    power = np.float32(0)
    for coefficient in SERIES_32:
        power = power * r + coefficient
    half = np.int32(n) >> np.int32(1)
    return power * _power_of_2_32(half) * _power_of_2_32(np.int32(n) - half)


def _exp_64(x: Any) -> Any:
    x = LOWEST if x < LOWEST else x
    x = HIGHEST if x > HIGHEST else x
    n = np.floor(x * LOG_2_E + 0.5)
    r = (x - n * LN_2_HIGH) - n * LN_2_LOW
    power = 0.0
    for coefficient in SERIES:
        power = power * r + coefficient
    half = np.int64(n) >> 1
    return power * _power_of_2_64(half) * _power_of_2_64(np.int64(n) - half)


def exp(x: Any) -> Any:
    """e**x, for kernels: the precision is that of x."""
    return np.exp(x)


# The parts of ln 2 must not be added up first, as reassociation would.
@overload(exp, jit_options={"fastmath": {"contract"}, "forceinline": True, "error_model": "numpy"})
def _exp(x: Any) -> Callable[[Any], Any]:
    return _exp_32 if x == types.float32 else _exp_64
