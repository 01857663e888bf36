"""Cases of the convolution and its gradients."""

import math
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from minigrad_kernels import shapes
from minigrad_kernels.cpu import winograd_plan
from minigrad_kernels.cpu.conv_plan import Window
from tests.kernels.cases.bounds import epsilon, magnitude, summed
from tests.kernels.cases.case import Call, Case, poisoned, values
from tests.kernels.cases.sizes import COUNTS, LEAST, LONG, pairs, window_sizes


class Convolution(NamedTuple):
    """Sizes of a convolution; pairs are of height and width."""

    batch: int
    groups: int
    channels: int  # of a group
    outputs: int  # of a group
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    bias: bool = True
    least: float = -math.inf

    @property
    def scalars(self):
        return (*self.stride, *self.padding, *self.dilation, self.groups)

    @property
    def x_shape(self):
        return (self.batch, self.groups * self.channels, *self.size)

    @property
    def w_shape(self):
        return (self.groups * self.outputs, self.channels, *self.kernel)

    @property
    def y_shape(self):
        windows = map(shapes.window_output_size, self.size, self.kernel, self.stride, self.padding, self.dilation)
        return (self.batch, self.groups * self.outputs, *windows)


def convolution(rng, dtype, conv):
    bias = values(rng, dtype, (conv.w_shape[0] if conv.bias else 0,))
    inputs = values(rng, dtype, conv.x_shape), values(rng, dtype, conv.w_shape), bias
    scalars = (*conv.scalars, conv.least)
    return Call((poisoned(dtype, conv.y_shape),), inputs, scalars, 1 + math.prod(conv.w_shape[1:]))


def convolution_input_grad(rng, dtype, conv):
    inputs = values(rng, dtype, conv.y_shape), values(rng, dtype, conv.w_shape)
    terms = max(conv.outputs * math.prod(conv.kernel), 1)
    return Call((poisoned(dtype, conv.x_shape),), inputs, conv.scalars, terms)


def convolution_weight_grad(rng, dtype, conv):
    inputs = values(rng, dtype, conv.x_shape), values(rng, dtype, conv.y_shape)
    terms = max(conv.batch * math.prod(conv.y_shape[2:]), 1)
    return Call((poisoned(dtype, conv.w_shape),), inputs, conv.scalars, terms)


# What kernels/README.md states: times eps, and the largest |x| * |w| of a plane.
WINOGRAD_MULTIPLE = 64
PLANS = {
    "conv.conv2d": lambda out, x, w, *_: (winograd_plan.forward_plan, w, out, x),
    "conv.conv2d_input_grad": lambda out, dy, w: (winograd_plan.input_grad_plan, w, out, dy),
    "conv.conv2d_weight_grad": lambda out, x, dy: (winograd_plan.weight_grad_plan, out, x, dy),
}


def winograd_plan_of(kernel, call):
    """The plan by which Winograd's convolution is computed, or None."""
    plan, w, *arrays = PLANS[kernel](*call.outs, *call.inputs)
    return plan(w.shape, Window(*call.scalars[:6]), *arrays, call.scalars[6])


def bound(case, call, expected):
    """As for all sums; Winograd's is another, unless it meets NaN or infinity and gives way."""
    is_finite = all(np.isfinite(array).all() for array in call.inputs)
    if not is_finite or winograd_plan_of(case.name, call) is None:
        return summed(case, call, expected)
    largest = [size.max((2, 3), keepdims=True) for size in magnitude(case, call)]
    return [WINOGRAD_MULTIPLE * epsilon(out) * size for out, size in zip(expected, largest, strict=True)]


@st.composite
def winograd_convolutions(draw):
    """Those of 3x3 windows over enough channels, and of few pixels: the reference takes its time."""
    channels, outputs = draw(st.tuples(*[st.sampled_from([32, 33])] * 2))
    padding, y_size = draw(pairs(0, 2)), draw(st.tuples(*[st.sampled_from([4, 4, 7])] * 2))
    size = tuple(length + 2 - 2 * pad for length, pad in zip(y_size, padding, strict=True))
    options = {"padding": padding, "bias": draw(st.booleans()), "least": draw(LEAST)}
    return {"conv": Convolution(1, 1, channels, outputs, size, (3, 3), **options)}


@st.composite
def convolutions(draw):
    if draw(st.integers(0, 9)) == 0:
        return draw(winograd_convolutions())
    kernel, padding, dilation = draw(pairs(1, 4)), draw(pairs(0, 3)), draw(pairs(1, 3))
    axes = [draw(window_sizes(*axis)) for axis in zip(kernel, padding, dilation, strict=True)]
    stride, size = zip(*axes, strict=True)
    counts = [draw(axis) for axis in (COUNTS, st.integers(1, 3), COUNTS, COUNTS)]
    if (long := draw(st.sampled_from([0, 2, 3, None]))) is not None:  # many images or channels: products of matrices
        counts[long] = draw(LONG)
    return {"conv": Convolution(*counts, size, kernel, stride, padding, dilation, draw(st.booleans()), draw(LEAST))}


# Inputs that may meet padding, where NaN or infinity times an absent input is anybody's guess.
BESIDE_PADDING = (1,)
LARGE_CONVOLUTIONS = tuple(
    {"conv": conv}
    for conv in (
        Convolution(2, 1, 3, 20, (11, 12), (5, 5), least=0.0),
        Convolution(2, 1, 33, 18, (4, 5), (3, 3), padding=(1, 1)),
        Convolution(2, 2, 5, 9, (19, 17), (3, 3), stride=(2, 2), padding=(1, 1)),
        Convolution(2, 32, 1, 1, (15, 17), (3, 3), padding=(1, 1)),
        Convolution(2, 1, 70, 40, (5, 5), (1, 1)),
        Convolution(2, 1, 3, 16, (27, 35), (11, 11), stride=(8, 8)),
        Convolution(2, 1, 4, 5, (18, 22), (3, 3), padding=(2, 2), dilation=(2, 2)),
        Convolution(2, 1, 2, 2, (45, 50), (3, 3)),
        Convolution(2, 1, 28, 1, (5, 120), (3, 3)),
        Convolution(2, 1, 34, 40, (8, 4), (3, 3), padding=(1, 1), least=0.0),
        Convolution(18, 1, 14, 26, (2, 1), (3, 3), padding=(1, 1), least=0.0),
        Convolution(9, 2, 18, 14, (3, 2), (2, 2), stride=(2, 1), padding=(1, 0)),
        Convolution(3, 1, 130, 14, (2, 2), (2, 2), padding=(1, 1), dilation=(2, 1)),
    )
)

CASES = [
    Case("conv.conv2d", convolution, convolutions(), LARGE_CONVOLUTIONS, bound, stay_finite=BESIDE_PADDING),
    Case(
        "conv.conv2d_input_grad",
        convolution_input_grad,
        convolutions(),
        LARGE_CONVOLUTIONS,
        bound,
        stay_finite=BESIDE_PADDING,
    ),
    Case(
        "conv.conv2d_weight_grad",
        convolution_weight_grad,
        convolutions(),
        LARGE_CONVOLUTIONS,
        bound,
        stay_finite=BESIDE_PADDING,
    ),
]
