"""Cases of augmentation."""

import numpy as np
from hypothesis import strategies as st

from tests.kernels.cases.bounds import epsilon, exact
from tests.kernels.cases.case import FLOATS, Call, Case, poisoned, values
from tests.kernels.cases.sizes import COUNTS, pairs, sized


def words(rng, count):
    return rng.integers(0, 2**32, (count, 4), np.uint32)


def drawing(rng, dtype, count, position):
    index, epoch = rng.integers(0, 2**32, count), int(rng.integers(0, 2**32))
    seed = int(rng.integers(0, 2**64, dtype=np.uint64))
    return Call((poisoned("uint32", (count, 4)),), (index,), (seed, epoch, position))


def cropping(rng, dtype, batch, size, out_size):
    """Corners from where the crop lies outside on one side, to where it does on the other."""
    corners = [rng.integers(-out - 1, length + 2, batch) for out, length in zip(out_size, size, strict=True)]
    x = values(rng, dtype, (batch, 3, *size))
    reflected = rng.integers(0, 2, batch).astype(np.uint8)
    return Call((poisoned(dtype, (batch, 3, *out_size)),), (x, np.stack(corners, 1), reflected))


def jittering(rng, dtype, batch, size, axes, channels):
    axis = rng.normal(size=(axes, channels))
    shape = (batch, channels, *size)
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape), words(rng, batch), axis))


def shifted(case, call, expected):
    """4 eps of the image and of the largest shift: 2**-32 is the smallest u1, so |z| < 6.7."""
    x, _, axis = call.inputs
    reach = 6.7 * np.abs(axis).sum(0)[:, None, None]
    return [4 * epsilon(out) * (np.abs(x) + reach) for out in expected]


SIDES = pairs(0, 5) | st.sampled_from([(1, 17), (9, 40)])

CASES = [
    Case("augment.random_words", drawing, sized(count=COUNTS, position=st.integers(0, 2**32 - 1)), (), exact),
    Case(
        "augment.crop",
        cropping,
        sized(batch=COUNTS, size=SIDES, out_size=SIDES),
        ({"batch": 4, "size": (40, 33), "out_size": (32, 35)},),
        exact,
        (*FLOATS, "uint8"),
    ),
    Case(
        "augment.color_jitter",
        jittering,
        sized(batch=COUNTS, size=SIDES, axes=st.integers(0, 4), channels=COUNTS),
        ({"batch": 4, "size": (9, 33), "axes": 3, "channels": 3},),
        shifted,
        stay_finite=(2,),
    ),
]
