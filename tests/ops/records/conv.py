"""Records of the three convolutions."""

from math import prod

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import conv as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import floats
from minigrad.testing.geometry import convolutions
from minigrad.testing.strategies import samples
from minigrad.testing.tolerance import summed


def forward(rng, conv, bias):
    inputs = [floats(rng, conv.input_shape), floats(rng, conv.weight_shape)]
    inputs += [floats(rng, conv.weight_shape[:1])] if bias else []
    return Sample(tuple(inputs), conv.options)


def one_image(rng, conv, padding):
    inputs = floats(rng, conv.input_shape[1:]), floats(rng, conv.weight_shape)
    return Sample(inputs, {"padding": padding, "dilation": conv.dilation, "groups": conv.groups})


def input_grad(rng, conv):
    inputs = floats(rng, conv.output_shape), floats(rng, conv.weight_shape)
    return Sample(inputs, {"params": (*conv.params, *conv.size)})


def weight_grad(rng, conv):
    inputs = floats(rng, conv.input_shape), floats(rng, conv.output_shape)
    return Sample(inputs, {"params": (*conv.params, *conv.kernel)})


def a_filter(sample):
    """Terms of one output: the elements of a filter, and a bias."""
    return prod(sample.inputs[1].shape[1:]) + 1


def all_filters(sample):
    return max(sample.inputs[1].size, 1)


def all_positions(sample):
    return max(sample.inputs[1].size, 1)


def refused(x, w, message, bias=(), **options):
    arrays = (np.zeros(shape, np.float32) for shape in (x, w, *bias))
    return ErrorInput(tuple(arrays), ShapeError, message, options)


X, W = (8, 3, 32, 32), (16, 3, 3, 3)
SPECS = "  input:  float32[8, 3, 32, 32]\n  weight: float32[{}]"

ERRORS = (
    refused(
        X,
        (16, 4, 3, 3),
        "conv2d: input has 3 channels but weight expects groups*C = 1*4\n" + SPECS.format("16, 4, 3, 3"),
    ),
    refused(
        X,
        (16, 3, 40, 3),
        "conv2d: no window fits: output height = floor((32 + 2*0 - 40) / 1) + 1 = -7\n" + SPECS.format("16, 3, 40, 3"),
    ),
    refused(
        X,
        (16, 3, 3, 9),
        "conv2d: no window fits: output width = floor((32 + 2*2 - 41) / 3) + 1 = -1\n" + SPECS.format("16, 3, 3, 9"),
        stride=3,
        padding=(0, 2),
        dilation=(1, 5),
    ),
    refused(
        (8, 6, 32, 32),
        W,
        "conv2d: 16 outputs do not divide into 3 groups\n  weight: float32[16, 2, 3, 3]",
        groups=3,
    )._replace(inputs=(np.zeros((8, 6, 32, 32), np.float32), np.zeros((16, 2, 3, 3), np.float32))),
    refused(
        X,
        W,
        "conv2d: bias must have shape (16,)\n  weight: float32[16, 3, 3, 3]\n  bias:   float32[3]",
        bias=((3,),),
    ),
    refused(X, (16, 3, 0, 3), "conv2d: a kernel must cover at least one element\n  weight: float32[16, 3, 0, 3]"),
    refused(
        X[2:],
        W,
        "conv2d: input must have 4 axes, (N, C, H, W), or 3 axes, (C, H, W)\n  input: float32[32, 32]",
    ),
    refused(
        X,
        W[1:],
        "conv2d: weight must have 4 axes, (O, C / groups, kernel height, kernel width)\n  weight: float32[3, 3, 3]",
    ),
    refused(X, W, "conv2d: stride must be at least 1, got 0", stride=0),
    refused(X, W, "conv2d: padding must be at least 0, got -1", padding=(0, -1)),
    refused(X, W, "conv2d: dilation must be one integer or a pair (height, width), got (1, 1, 1)", dilation=(1, 1, 1)),
    refused(X, W, "conv2d: groups must be at least 1, got 0", groups=0),
    refused(X, W, "conv2d: padding must be integers, 'same' or 'valid', got 'full'", padding="full"),
    refused(X, W, "conv2d: padding='same' needs stride 1, got (2, 2)", padding="same", stride=2),
    refused(X, W, "conv2d: stride must be an integer, got 1.5", stride=1.5)._replace(error=DTypeError),
    refused(X, W, "conv2d: groups must be an integer, got True", groups=True)._replace(error=DTypeError),
    ErrorInput(
        (np.zeros(X, np.float32), np.zeros(W)),
        DTypeError,
        "conv2d: input and weight must have one dtype; write weight.to(input.dtype)\n"
        "  input:  float32[8, 3, 32, 32]\n"
        "  weight: float64[16, 3, 3, 3]",
    ),
    ErrorInput(
        (np.zeros(X, np.uint8), np.zeros(W)),
        DTypeError,
        "conv2d: input must be float; write input.to(minigrad.float32)\n  input: uint8[8, 3, 32, 32]",
    ),
)

RECORDS = [
    OpSpec(
        "conv2d",
        F.conv2d,
        samples(forward, conv=convolutions(), bias=st.booleans()),
        ops.CONV2D,
        tolerance=summed(a_filter),
        error_inputs=ERRORS,
    ),
    OpSpec(
        "conv2d of one image",
        F.conv2d,
        samples(one_image, conv=convolutions(same=True), padding=st.sampled_from(("same", "same", "valid"))),
        linear=(0, 1),
        tolerance=summed(a_filter),
    ),
    OpSpec(
        "conv2d_input_grad",
        applied(ops.CONV2D_INPUT_GRAD),
        samples(input_grad, conv=convolutions()),
        ops.CONV2D_INPUT_GRAD,
        tolerance=summed(all_filters),
    ),
    OpSpec(
        "conv2d_weight_grad",
        applied(ops.CONV2D_WEIGHT_GRAD),
        samples(weight_grad, conv=convolutions()),
        ops.CONV2D_WEIGHT_GRAD,
        tolerance=summed(all_positions),
    ),
]
