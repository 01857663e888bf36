"""Records of windows as columns, and of the convolution without shared weights."""

from math import prod

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import unfold as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import floats
from minigrad.testing.geometry import convolutions
from minigrad.testing.strategies import samples
from minigrad.testing.tolerance import exact, summed


def window(conv):
    return {"kernel_size": conv.kernel, **{name: v for name, v in conv.options.items() if name != "groups"}}


def images(rng, conv, batched):
    return Sample((floats(rng, conv.input_shape[not batched :]),), window(conv))


def columns(rng, conv, batched):
    rows, windows = conv.groups * conv.channels * prod(conv.kernel), prod(conv.output_shape[2:])
    shape = (conv.batch, rows, windows)[not batched :]
    return Sample((floats(rng, shape),), {"output_size": conv.size, **window(conv)})


def unshared(rng, conv, bias, batched):
    outputs, positions = conv.groups * conv.outputs, conv.output_shape[2:]
    w_shape = (*positions, outputs, conv.groups * conv.channels, *conv.kernel)
    inputs = [floats(rng, conv.input_shape[not batched :]), floats(rng, w_shape)]
    inputs += [floats(rng, (outputs, *positions))] if bias else []
    return Sample(tuple(inputs), {name: value for name, value in conv.options.items() if name != "groups"})


def taps(sample):
    return prod(sample.options["kernel_size"])


def a_filter(sample):
    return prod(sample.inputs[1].shape[3:]) + 1


X = np.zeros((2, 3, 5, 6), np.float32)
C = np.zeros((2, 12, 20), np.float32)
W = np.zeros((4, 5, 7, 3, 2, 2), np.float32)

UNFOLD_ERRORS = (
    ErrorInput(
        (X,),
        ShapeError,
        "unfold: no window fits: output height = floor((5 + 2*0 - 7) / 1) + 1 = -1\n  input: float32[2, 3, 5, 6]",
        {"kernel_size": 7},
    ),
    ErrorInput(
        (X[0, 0],),
        ShapeError,
        "unfold: input must have 4 axes, (N, C, H, W), or 3 axes, (C, H, W)\n  input: float32[5, 6]",
        {"kernel_size": 2},
    ),
    ErrorInput(
        (X.astype(np.int64),),
        DTypeError,
        "unfold: input must be float; write input.to(minigrad.float32)\n  input: int64[2, 3, 5, 6]",
        {"kernel_size": 2},
    ),
)
FOLD_ERRORS = (
    ErrorInput(
        (C,),
        ShapeError,
        "fold: input must have shape (N, C*2*2, 4*6)\n  input:  float32[2, 12, 20]\n  output: float32[2, 3, 5, 7]",
        {"output_size": (5, 7), "kernel_size": 2},
    ),
    ErrorInput(
        (C,),
        ShapeError,
        "fold: input must have shape (N, C*5*1, 1*6)\n  input:  float32[2, 12, 20]\n  output: float32[2, 2, 5, 6]",
        {"output_size": (5, 6), "kernel_size": (5, 1)},
    ),
    ErrorInput(
        (C[0, 0],),
        ShapeError,
        "fold: input must have 3 axes, (N, C*kh*kw, P*Q), or 2 axes, (C*kh*kw, P*Q)\n  input: float32[20]",
        {"output_size": (5, 6), "kernel_size": 2},
    ),
)
UNSHARED_ERRORS = (
    ErrorInput(
        (X, W),
        ShapeError,
        "locally_connected2d: weight must have shape (6, 5, 7, 3, 2, 2), a filter for each of (6, 5) positions\n"
        "  input:  float32[2, 3, 5, 6]\n"
        "  weight: float32[4, 5, 7, 3, 2, 2]",
        {"padding": (1, 0)},
    ),
    ErrorInput(
        (X, W, W[0, 0, :, 0, 0, 0]),
        ShapeError,
        "locally_connected2d: bias must have shape (7, 4, 5)\n"
        "  weight: float32[4, 5, 7, 3, 2, 2]\n"
        "  bias:   float32[7]",
    ),
    ErrorInput(
        (X, W[0]),
        ShapeError,
        "locally_connected2d: weight must have 6 axes, "
        "(output height, output width, O, C, kernel height, kernel width)\n"
        "  weight: float32[5, 7, 3, 2, 2]",
    ),
    ErrorInput(
        (X, np.zeros((1, 1, 7, 3, 6, 2), np.float32)),
        ShapeError,
        "locally_connected2d: no window fits: output height = floor((5 + 2*0 - 6) / 1) + 1 = 0\n"
        "  input: float32[2, 3, 5, 6]",
    ),
)

RECORDS = [
    OpSpec(
        "unfold",
        F.unfold,
        samples(images, conv=convolutions(), batched=st.booleans()),
        ops.UNFOLD,
        tolerance=exact,
        error_inputs=UNFOLD_ERRORS,
    ),
    OpSpec(
        "fold",
        F.fold,
        samples(columns, conv=convolutions(), batched=st.booleans()),
        ops.FOLD,
        tolerance=summed(taps),
        error_inputs=FOLD_ERRORS,
    ),
    OpSpec(
        "locally_connected2d",
        F.locally_connected2d,
        samples(unshared, conv=convolutions(), bias=st.booleans(), batched=st.booleans()),
        linear=(0, 1),
        tolerance=summed(a_filter),
        error_inputs=UNSHARED_ERRORS,
    ),
]
