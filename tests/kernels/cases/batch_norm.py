"""Cases of batch normalisation and its gradients."""

import math

import numpy as np

from tests.kernels.cases.bounds import epsilon
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.sizes import array_shapes, sized

EPS = 1e-5


def normalising(rng, dtype, shape):
    moments = poisoned(dtype, shape[1:2]), poisoned(dtype, shape[1:2])
    inputs = values(rng, dtype, shape), values(rng, dtype, (2 * shape[1],))
    return Call((poisoned(dtype, shape), *moments), inputs, (EPS,), elements(shape))


def gradient_of_affine(rng, dtype, shape):
    """The mean and the variance need not be those of the input."""
    mean, variance = values(rng, dtype, shape[1:2]), 0.1 + np.abs(values(rng, dtype, shape[1:2]))
    inputs = values(rng, dtype, shape), values(rng, dtype, shape), mean, variance
    return Call((poisoned(dtype, (2 * shape[1],)),), inputs, (EPS,), elements(shape))


def gradient_of_input(rng, dtype, shape):
    call = gradient_of_affine(rng, dtype, shape)
    dy, x, mean, variance = call.inputs
    return call._replace(
        outs=(poisoned(dtype, shape),), inputs=(dy, x, values(rng, dtype, (2 * shape[1],)), mean, variance)
    )


def elements(shape):
    """How many a channel has."""
    return max(math.prod(shape[:1] + shape[2:]), 1)


def sizes_of(array, like):
    """Absolute values in float64; those of a channel in the shape of a batch."""
    size = np.abs(array.astype(np.float64))
    return size if array.shape == like.shape else size.reshape(-1, *(1,) * (like.ndim - 2))


def mean_of(array):
    return np.sum(array, (0, *range(2, array.ndim)), keepdims=True) / elements(array.shape)


@np.errstate(all="ignore")
def normalised(case, call, expected):
    """4 K eps of what was added up: the rounding of the mean, taken through the quotient and its scale."""
    x = call.inputs[0].astype(np.float64)
    weight, bias = (sizes_of(half, x) for half in np.split(call.inputs[1], 2))
    distance = np.abs(x) + mean_of(np.abs(x))
    variance = mean_of((x - mean_of(x)) ** 2)
    rate = 1 / np.sqrt(variance + EPS)
    scaled = weight * rate * distance * (1 + np.abs(x - mean_of(x)) * rate) + bias
    moments = (mean_of(size)[0].reshape(-1) for size in (np.abs(x), distance**2))
    return [4 * call.terms * epsilon(x_out) * size for x_out, size in zip(expected, (scaled, *moments), strict=True)]


@np.errstate(all="ignore")
def affine_summed(case, call, expected):
    """4 K eps of the absolute values summed."""
    dy, x, mean, variance = (sizes_of(array, call.inputs[0]) for array in call.inputs)
    products = dy * (x + mean) / np.sqrt(variance + EPS)
    size = np.concatenate([mean_of(part)[0].reshape(-1) * call.terms for part in (products, dy)])
    return [4 * call.terms * epsilon(expected[0]) * size]


@np.errstate(all="ignore")
def input_summed(case, call, expected):
    """4 K eps of the absolute values summed."""
    dy, x, affine, mean, variance = call.inputs
    weight = sizes_of(np.split(affine, 2)[0], dy)
    dy, x, mean, variance = (sizes_of(array, dy) for array in (dy, x, mean, variance))
    distance, rate = x + mean, 1 / np.sqrt(variance + EPS)
    size = weight * rate * (dy + mean_of(dy) + distance * rate**2 * mean_of(dy * distance))
    return [4 * call.terms * epsilon(expected[0]) * size]


BATCHES = array_shapes(min_dims=2)
LARGE = ({"shape": (5, 9, 31, 33)}, {"shape": (300, 70)})

CASES = [
    Case("batch_norm.batch_norm", normalising, sized(shape=BATCHES), LARGE, normalised),
    Case("batch_norm.batch_norm_affine_grad", gradient_of_affine, sized(shape=BATCHES), LARGE, affine_summed),
    Case("batch_norm.batch_norm_input_grad", gradient_of_input, sized(shape=BATCHES), LARGE, input_summed),
]
