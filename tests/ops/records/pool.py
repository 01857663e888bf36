"""Records of pooling."""

from math import prod

import numpy as np
from hypothesis import strategies as st

from minigrad.backends.base import get_backend
from minigrad.errors import DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import pool as ops
from minigrad.tensor import wrap
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import distinct, floats
from minigrad.testing.geometry import poolings
from minigrad.testing.strategies import samples
from minigrad.testing.tolerance import exact, summed


def max_options(pool):
    return {**pool.options, "dilation": pool.dilation}


def max_params(pool):
    return (*pool.kernel, *pool.stride, *pool.padding, *pool.dilation)


def maximum(rng, pool, return_indices):
    return Sample((distinct(rng, pool.input_shape),), {**max_options(pool), "return_indices": return_indices})


def largest_of_one(rng, pool):
    return Sample((distinct(rng, pool.input_shape[1:]),), max_options(pool))


def indices(rng, pool):
    x = wrap(distinct(rng, pool.input_shape), get_backend("reference"))
    return F.max_pool2d(x, **max_options(pool), return_indices=True)[1].numpy()


def maximum_input_grad(rng, pool):
    where = indices(rng, pool)
    return Sample((floats(rng, where.shape), where), {"params": (*max_params(pool), *pool.size)})


def maximum_gather(rng, pool):
    return Sample((floats(rng, pool.input_shape), indices(rng, pool)), {"params": max_params(pool)})


def average(rng, pool, count_include_pad):
    return Sample((floats(rng, pool.input_shape),), {**pool.options, "count_include_pad": count_include_pad})


def average_of_one(rng, pool):
    return Sample((floats(rng, pool.input_shape[1:]),), pool.options)


def average_input_grad(rng, pool, count_include_pad):
    x = wrap(floats(rng, pool.input_shape), get_backend("reference"))
    out_shape = F.avg_pool2d(x, **pool.options).shape
    params = (*pool.kernel, *pool.stride, *pool.padding, count_include_pad, pool.ceil_mode, *pool.size)
    return Sample((floats(rng, out_shape),), {"params": params})


def window(sample):
    return prod(sample.options["kernel_size"])


def window_of_params(sample):
    return prod(sample.options["params"][:2])


def errors(name):
    x = np.zeros((2, 3, 5, 6), np.float32)
    return (
        ErrorInput(
            (x,),
            ShapeError,
            f"{name}: no window fits: output height = floor((5 + 2*0 - 7) / 7) + 1 = 0\n  input: float32[2, 3, 5, 6]",
            {"kernel_size": 7},
        ),
        ErrorInput(
            (x,),
            ShapeError,
            f"{name}: padding must be at most half the kernel, got padding (1, 2) and kernel (3, 3)",
            {"kernel_size": 3, "padding": (1, 2)},
        ),
        ErrorInput((x,), ShapeError, f"{name}: stride must be at least 1, got 0", {"kernel_size": 2, "stride": 0}),
        ErrorInput((x,), DTypeError, f"{name}: kernel_size must be an integer, got 2.0", {"kernel_size": 2.0}),
        ErrorInput(
            (x[0, 0],),
            ShapeError,
            f"{name}: input must have 4 axes, (N, C, H, W), or 3 axes, (C, H, W)\n  input: float32[5, 6]",
            {"kernel_size": 2},
        ),
        ErrorInput(
            (x.astype(np.int64),),
            DTypeError,
            f"{name}: input must be float; write input.to(minigrad.float32)\n  input: int64[2, 3, 5, 6]",
            {"kernel_size": 2},
        ),
    )


RECORDS = [
    OpSpec(
        "max_pool2d",
        F.max_pool2d,
        samples(maximum, pool=poolings(dilated=True), return_indices=st.booleans()),
        ops.MAX_POOL2D,
        tolerance=exact,
        error_inputs=errors("max_pool2d"),
    ),
    OpSpec(
        "max_pool2d of one image",
        F.max_pool2d,
        samples(largest_of_one, pool=poolings(dilated=True)),
        tolerance=exact,
    ),
    OpSpec(
        "max_pool2d_input_grad",
        applied(ops.MAX_POOL2D_INPUT_GRAD),
        samples(maximum_input_grad, pool=poolings(dilated=True)),
        ops.MAX_POOL2D_INPUT_GRAD,
        tolerance=summed(window_of_params),
    ),
    OpSpec(
        "max_pool2d_gather",
        applied(ops.MAX_POOL2D_GATHER),
        samples(maximum_gather, pool=poolings(dilated=True)),
        ops.MAX_POOL2D_GATHER,
        tolerance=exact,
    ),
    OpSpec(
        "avg_pool2d",
        F.avg_pool2d,
        samples(average, pool=poolings(), count_include_pad=st.booleans()),
        ops.AVG_POOL2D,
        tolerance=summed(window),
        error_inputs=errors("avg_pool2d"),
    ),
    OpSpec(
        "avg_pool2d of one image",
        F.avg_pool2d,
        samples(average_of_one, pool=poolings()),
        linear=(0,),
        tolerance=summed(window),
    ),
    OpSpec(
        "avg_pool2d_input_grad",
        applied(ops.AVG_POOL2D_INPUT_GRAD),
        samples(average_input_grad, pool=poolings(), count_include_pad=st.booleans()),
        ops.AVG_POOL2D_INPUT_GRAD,
        tolerance=summed(window_of_params),
    ),
]
