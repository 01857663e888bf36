"""Records of pooling by the number of windows, and of the way back from maxima."""

from math import prod

import numpy as np
from hypothesis import strategies as st

from minigrad.backends.base import get_backend
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.tensor import wrap
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import distinct, floats
from minigrad.testing.geometry import counts, pairs, poolings
from minigrad.testing.strategies import samples
from minigrad.testing.tolerance import absolute, exact, summed


def pooled(fill):
    def build(rng, batch, channels, size, output_size, batched, **options):
        shape = (batch, channels, *size)[not batched :]
        return Sample((fill(rng, shape),), {"output_size": output_size, **options})

    return build


def unpooled(rng, pool, batched):
    """Numbers for the maxima of an image, of which overlapping windows share some."""
    window = {"kernel_size": pool.kernel, "stride": pool.stride, "padding": pool.padding}
    image = wrap(floats(rng, pool.input_shape[not batched :]), get_backend("reference"))
    _, indices = F.max_pool2d(image, **window, return_indices=True)
    return Sample((floats(rng, indices.shape), indices.numpy()), {**window, "output_size": pool.size})


def elements(sample):
    return prod(sample.inputs[0].shape[-2:])


X = np.zeros((2, 3, 5, 6), np.float32)
INDICES = np.zeros((2, 3, 5, 6), np.int64)
LENGTHS = st.sampled_from((1, 2, 3, 4, 7, None))
GEOMETRY = {
    "batch": counts(),
    "channels": counts(),
    "size": pairs(1, 7),
    "output_size": st.one_of(st.integers(1, 5), st.tuples(LENGTHS, LENGTHS)),
    "batched": st.booleans(),
}


def errors(name):
    return (
        ErrorInput((X,), ShapeError, f"{name}: output_size must be at least 1, got 0", {"output_size": (0, 2)}),
        ErrorInput((X,), DTypeError, f"{name}: output_size must be an integer, got None", {"output_size": None}),
        ErrorInput(
            (X,),
            ShapeError,
            f"{name}: output_size must be one integer or a pair (height, width), got [1, 2, 3]",
            {"output_size": (1, 2, 3)},
        ),
        ErrorInput(
            (X[0, 0],),
            ShapeError,
            f"{name}: input must have 4 axes, (N, C, H, W), or 3 axes, (C, H, W)\n  input: float32[5, 6]",
            {"output_size": 2},
        ),
    )


UNPOOL_ERRORS = (
    ErrorInput(
        (X, INDICES[0]),
        ShapeError,
        "max_unpool2d: shapes must be equal\n  input:   float32[2, 3, 5, 6]\n  indices: int64[3, 5, 6]",
        {"kernel_size": 2},
    ),
    ErrorInput(
        (X, INDICES.astype(np.int32)),
        DTypeError,
        "max_unpool2d: indices must be int64; write indices.to(minigrad.int64)\n  indices: int32[2, 3, 5, 6]",
        {"kernel_size": 2},
    ),
    ErrorInput(
        (X, INDICES + 120),
        DataError,
        "max_unpool2d: indices must lie in [0, 120), it spans [120, 120]",
        {"kernel_size": 2},
    ),
    *(
        ErrorInput(
            (X, np.zeros_like(INDICES)),
            ShapeError,
            f"max_unpool2d: the output must be less than a stride (2, 2) from (10, 12), got {size}\n"
            "  input: float32[2, 3, 5, 6]",
            {"kernel_size": 2, "output_size": size},
        )
        for size in ((12, 12), (8, 12), (10, 14), (10, 10))
    ),
    ErrorInput(
        (X[0, 0], INDICES[0, 0]),
        ShapeError,
        "max_unpool2d: input must have 4 axes, (N, C, H, W), or 3 axes, (C, H, W)\n  input: float32[5, 6]",
        {"kernel_size": 2},
    ),
)

RECORDS = [
    OpSpec(
        "adaptive_avg_pool2d",
        F.adaptive_avg_pool2d,
        samples(pooled(floats), **GEOMETRY),
        linear=(0,),
        tolerance=summed(elements),
        error_inputs=errors("adaptive_avg_pool2d"),
    ),
    OpSpec(
        "adaptive_max_pool2d",
        F.adaptive_max_pool2d,
        samples(pooled(distinct), **GEOMETRY, return_indices=st.booleans()),
        tolerance=exact,
        error_inputs=(
            *errors("adaptive_max_pool2d"),
            ErrorInput(
                (X[:, :, :0],),
                ShapeError,
                "adaptive_max_pool2d: an axis without elements has no maximum\n  input: float32[2, 3, 0, 6]",
                {"output_size": 1},
            ),
        ),
    ),
    OpSpec(
        "max_unpool2d",
        F.max_unpool2d,
        samples(unpooled, pool=poolings(), batched=st.booleans()),
        linear=(0,),
        tolerance=absolute(10),
        error_inputs=UNPOOL_ERRORS,
    ),
]
