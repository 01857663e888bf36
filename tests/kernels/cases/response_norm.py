"""Cases of local response normalisation and its gradient."""

import numpy as np
from hypothesis import strategies as st

from tests.kernels.cases.bounds import epsilon, summed
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.sizes import array_shapes

ROOTS_AND_QUOTIENTS = 8  # roundings beside those of the sum


def normalising(rng, dtype, shape, size, alpha, beta):
    x = values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), (x,), (size, alpha, beta, 1.5), size + ROOTS_AND_QUOTIENTS)


def gradient(rng, dtype, shape, size, alpha, beta):
    call = normalising(rng, dtype, shape, size, alpha, beta)
    return call._replace(inputs=(values(rng, dtype, shape), *call.inputs))


@np.errstate(all="ignore")
def weighed(case, call, expected):
    """4 K eps of the absolute values of what was added and subtracted."""
    dy, x = (np.abs(array.astype(np.float64)) for array in call.inputs)
    size, alpha, beta, k = call.scalars
    scale = k + alpha / size * windows(x * x, size // 2, size)
    own = dy * scale**-beta
    others = 2 * alpha * beta / size * x * windows(own * x / scale, (size - 1) // 2, size)
    return [4 * call.terms * epsilon(out) * (own + others) for out in expected]


def windows(x, before, size):
    """Sums over so many channels, of which some come before each channel."""
    padded = np.pad(x, [(0, 0), (before, size - 1 - before), *[(0, 0)] * (x.ndim - 2)])
    return sum(padded[:, i : i + x.shape[1]] for i in range(size))


SIZES = st.fixed_dictionaries(
    {
        "shape": array_shapes(min_dims=3),
        "size": st.integers(1, 7),
        "alpha": st.sampled_from([1e-4, 0.7, 0.0]),
        "beta": st.sampled_from([0.75, 0.5, 1.3]),
    }
)
LARGE = tuple({"shape": (2, 7, 601), "size": 5, "alpha": 0.5, "beta": beta} for beta in (0.75, 0.6))

CASES = [
    Case("response_norm.local_response_norm", normalising, SIZES, LARGE, summed),
    Case("response_norm.local_response_norm_input_grad", gradient, SIZES, LARGE, weighed),
]
