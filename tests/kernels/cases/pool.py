"""Cases of pooling and its gradients."""

import math
from typing import NamedTuple

from hypothesis import strategies as st

from minigrad_kernels import shapes
from tests.kernels.cases.bounds import exact, summed
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.running import run
from tests.kernels.cases.sizes import COUNTS, pairs, window_sizes


class Pooling(NamedTuple):
    """Sizes of a pooling; pairs are of height and width."""

    batch: int
    channels: int
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    ceil_mode: bool = False
    count_include_pad: bool = True

    @property
    def x_shape(self):
        return (self.batch, self.channels, *self.size)

    @property
    def y_shape(self):
        windows = zip(self.size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        counts = (shapes.window_output_size(*axis, self.ceil_mode) for axis in windows)
        return (self.batch, self.channels, *counts)

    @property
    def max_scalars(self):
        return (*self.kernel, *self.stride, *self.padding, *self.dilation)

    @property
    def average_scalars(self):
        return (*self.kernel, *self.stride, *self.padding, self.count_include_pad)


def max_pooling(rng, dtype, pool):
    outs = poisoned(dtype, pool.y_shape), poisoned("int64", pool.y_shape)
    return Call(outs, (values(rng, dtype, pool.x_shape),), pool.max_scalars)


def pooled_indices(rng, pool):
    call = max_pooling(rng, "float64", pool)
    _, indices = run("reference", "pool.max_pool2d", call)
    return indices


def max_pooling_grad(rng, dtype, pool):
    inputs = values(rng, dtype, pool.y_shape), pooled_indices(rng, pool)
    return Call((poisoned(dtype, pool.x_shape),), inputs, pool.max_scalars, math.prod(pool.kernel))


def max_pooling_gather(rng, dtype, pool):
    return Call((poisoned(dtype, pool.y_shape),), (values(rng, dtype, pool.x_shape), pooled_indices(rng, pool)))


def average_pooling(rng, dtype, pool):
    x = values(rng, dtype, pool.x_shape)
    return Call((poisoned(dtype, pool.y_shape),), (x,), pool.average_scalars, math.prod(pool.kernel))


def average_pooling_grad(rng, dtype, pool):
    dy = values(rng, dtype, pool.y_shape)
    return Call((poisoned(dtype, pool.x_shape),), (dy,), pool.average_scalars, math.prod(pool.kernel))


@st.composite
def poolings(draw, dilated=True):
    kernel, dilation = draw(pairs(1, 4)), draw(pairs(1, 3)) if dilated else (1, 1)
    padding = tuple(draw(st.integers(0, (d * (k - 1) + 1) // 2)) for k, d in zip(kernel, dilation, strict=True))
    ceil_mode = draw(st.booleans())
    axes = [draw(window_sizes(*axis, ceil_mode)) for axis in zip(kernel, padding, dilation, strict=True)]
    stride, size = zip(*axes, strict=True)
    batch, channels = draw(st.tuples(COUNTS, COUNTS))
    return {
        "pool": Pooling(batch, channels, size, kernel, stride, padding, dilation, ceil_mode, draw(st.booleans())),
    }


LARGE_POOLINGS = tuple(
    {"pool": pool}
    for pool in (
        Pooling(3, 20, (24, 24), (2, 2), (2, 2)),
        Pooling(3, 12, (27, 27), (3, 3), (2, 2)),
        Pooling(3, 12, (27, 28), (3, 3), (2, 2), (1, 1), ceil_mode=True, count_include_pad=False),
        Pooling(3, 40, (7, 7), (7, 7), (1, 1)),
    )
)

CASES = [
    Case("pool.max_pool2d", max_pooling, poolings(), LARGE_POOLINGS, exact),
    Case("pool.max_pool2d_input_grad", max_pooling_grad, poolings(), LARGE_POOLINGS, summed),
    Case("pool.max_pool2d_gather", max_pooling_gather, poolings(), LARGE_POOLINGS, exact),
    Case("pool.avg_pool2d", average_pooling, poolings(dilated=False), LARGE_POOLINGS, summed),
    Case("pool.avg_pool2d_input_grad", average_pooling_grad, poolings(dilated=False), LARGE_POOLINGS, summed),
]
