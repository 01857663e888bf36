"""Records of normalisation. The eps is large, so that a channel of nearly equal elements is still smooth."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.autograd import apply, apply_all
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import norm as ops
from minigrad.ops import response_norm
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import floats, positive
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import absolute

EPS = st.sampled_from((0.1, 0.5))
BATCHES = shapes(min_dims=2).filter(lambda shape: np.prod(shape) != shape[1])
ANY_BATCH = shapes(min_dims=2)


@wraps(F.batch_norm)
def in_training(input, weight=None, bias=None, running_mean=None, running_var=None, training=True, **options):
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, **options)


@wraps(F.batch_norm)
def in_evaluation(input, running_mean, running_var, weight=None, bias=None, **options):
    return F.batch_norm(input, running_mean, running_var, weight, bias, **options)


@wraps(F.layer_norm)
def of_layers(input, weight=None, bias=None, *, normalized_shape, **options):
    return F.layer_norm(input, normalized_shape, weight, bias, **options)


def affine_grad(dy, input, eps):
    return apply(ops.BATCH_NORM_AFFINE_GRAD, (dy, input, *moments(input, eps)), (eps,))


def input_grad(dy, input, affine, eps):
    """Its moments are those of the input, as in the rule: it has no other gradient."""
    return apply(ops.BATCH_NORM_INPUT_GRAD, (dy, input, affine, *moments(input, eps)), (eps,))


def moments(input, eps):
    affine = mg.ones(2 * input.shape[1], dtype=input.dtype, device=input.device)
    return apply_all(ops.BATCH_NORM, (input.detach(), affine), (eps,))[1:]


def batch(rng, shape, affine, **options):
    """A batch, and what belongs to its channels."""
    return Sample((floats(rng, shape), *(floats(rng, shape[1:2]) for _ in range(affine))), options)


def followed(rng, shape, affine, **options):
    sample = batch(rng, shape, affine, **options)
    x, *parts = sample.inputs
    return Sample((x, floats(rng, shape[1:2]), positive(rng, shape[1:2]), *parts), options)


def gradient(rng, shape, eps, with_affine):
    inputs = floats(rng, shape), floats(rng, shape)
    return Sample((*inputs, floats(rng, (2 * shape[1],))) if with_affine else inputs, {"eps": eps})


def layer(rng, shape, axes, affine, eps):
    normalized = shape[len(shape) - axes :]
    parts = (floats(rng, normalized) for _ in range(affine))
    return Sample((floats(rng, shape), *parts), {"normalized_shape": normalized, "eps": eps})


def responses(rng, shape, **options):
    return Sample((floats(rng, shape),), options)


def response_gradient(rng, shape, size, alpha, beta, k):
    return Sample((floats(rng, shape), floats(rng, shape)), {"params": (size, alpha, beta, k)})


X, C = np.zeros((2, 3, 4)), np.zeros(3)
BATCH_ERRORS = (
    ErrorInput(
        (np.zeros(3),),
        ShapeError,
        "batch_norm: input must have at least 2 axes, (N, C, ...)\n  input: float64[3]",
    ),
    ErrorInput(
        (np.zeros((1, 3, 1)),),
        ShapeError,
        "batch_norm: training needs more than one element for each channel\n  input: float64[1, 3, 1]",
    ),
    ErrorInput(
        (X, np.zeros(4)),
        ShapeError,
        "batch_norm: weight must have shape (3,)\n  input:  float64[2, 3, 4]\n  weight: float64[4]",
    ),
    ErrorInput(
        (X, C.astype(np.float32)),
        DTypeError,
        "batch_norm: input and weight must have one dtype; write weight.to(input.dtype)\n"
        "  input:  float64[2, 3, 4]\n"
        "  weight: float32[3]",
    ),
    ErrorInput(
        (X.astype(np.int64),),
        DTypeError,
        "batch_norm: input must be float; write input.to(minigrad.float32)\n  input: int64[2, 3, 4]",
    ),
    ErrorInput(
        (X, C, C, C),
        DataError,
        "batch_norm: running_mean and running_var must both be given or, in training, neither",
    ),
    ErrorInput(
        (X,),
        DataError,
        "batch_norm: running_mean and running_var must both be given or, in training, neither",
        {"training": False},
    ),
    ErrorInput((X,), DataError, "batch_norm: eps must be positive in training, got 0", {"eps": 0}),
    ErrorInput((X,), DTypeError, "batch_norm: momentum must be a number, got None", {"momentum": None}),
)
LAYER_ERRORS = (
    ErrorInput(
        (X,),
        ShapeError,
        "layer_norm: the last axes of input must be (3,)\n  input: float64[2, 3, 4]",
        {"normalized_shape": 3},
    ),
    ErrorInput(
        (X,),
        ShapeError,
        "layer_norm: the last axes of input must be ()\n  input: float64[2, 3, 4]",
        {"normalized_shape": ()},
    ),
    ErrorInput(
        (X, C),
        ShapeError,
        "layer_norm: weight must have shape (3, 4)\n  input:  float64[2, 3, 4]\n  weight: float64[3]",
        {"normalized_shape": (3, 4)},
    ),
    ErrorInput(
        (X.astype(np.int64),),
        DTypeError,
        "layer_norm: input must be float; write input.to(minigrad.float32)\n  input: int64[2, 3, 4]",
        {"normalized_shape": 4},
    ),
)
RESPONSE_ERRORS = (
    ErrorInput(
        (X[0],),
        ShapeError,
        "local_response_norm: input must have at least 3 axes, (N, C, ...)\n  input: float64[3, 4]",
        {"size": 5},
    ),
    ErrorInput((X,), ShapeError, "local_response_norm: size must be at least 1, got 0", {"size": 0}),
    ErrorInput((X,), DTypeError, "local_response_norm: size must be an integer, got 2.5", {"size": 2.5}),
    ErrorInput(
        (X.astype(np.int64),),
        DTypeError,
        "local_response_norm: input must be float; write input.to(minigrad.float32)\n  input: int64[2, 3, 4]",
        {"size": 5},
    ),
)
RESPONSES = {
    "shape": shapes(min_dims=3),
    "size": st.integers(1, 6),
    "alpha": st.sampled_from((0.5, 1e-4)),
    "beta": st.sampled_from((0.75, 0.5, 1.2)),
    "k": st.sampled_from((1.0, 2.0)),
}

RECORDS = [
    OpSpec(
        "batch_norm in training",
        in_training,
        samples(batch, shape=BATCHES, affine=st.integers(0, 2), eps=EPS),
        ops.BATCH_NORM,
        linear=(),
        tolerance=absolute(200),
        error_inputs=BATCH_ERRORS,
    ),
    OpSpec(
        "batch_norm in evaluation",
        in_evaluation,
        samples(followed, shape=ANY_BATCH, affine=st.integers(0, 2), eps=EPS),
        linear=(0,),
        tolerance=absolute(20),
    ),
    OpSpec(
        "batch_norm_affine_grad",
        affine_grad,
        samples(gradient, shape=ANY_BATCH, eps=EPS, with_affine=st.just(False)),
        ops.BATCH_NORM_AFFINE_GRAD,
        tolerance=absolute(4000),
    ),
    OpSpec(
        "batch_norm_input_grad",
        input_grad,
        samples(gradient, shape=ANY_BATCH, eps=EPS, with_affine=st.just(True)),
        ops.BATCH_NORM_INPUT_GRAD,
        tolerance=absolute(1000),
    ),
    OpSpec(
        "layer_norm",
        of_layers,
        samples(layer, shape=shapes(min_dims=2), axes=st.integers(1, 2), affine=st.integers(0, 2), eps=EPS),
        tolerance=absolute(200),
        error_inputs=LAYER_ERRORS,
    ),
    OpSpec(
        "local_response_norm",
        F.local_response_norm,
        samples(responses, **RESPONSES),
        response_norm.LOCAL_RESPONSE_NORM,
        tolerance=absolute(20),
        error_inputs=RESPONSE_ERRORS,
    ),
    OpSpec(
        "local_response_norm_input_grad",
        applied(response_norm.LOCAL_RESPONSE_NORM_INPUT_GRAD),
        samples(response_gradient, **RESPONSES),
        response_norm.LOCAL_RESPONSE_NORM_INPUT_GRAD,
        tolerance=absolute(200),
    ),
]
