"""Records of convolutions in one and two dimensions, and of the transposed one."""

from math import prod

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import conv as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import few, floats
from minigrad.testing.geometry import convolutions, pairs
from minigrad.testing.strategies import samples
from minigrad.testing.tolerance import summed


def forward(rng, conv, bias):
    inputs = [floats(rng, conv.input_shape), floats(rng, conv.weight_shape)]
    inputs += [floats(rng, conv.weight_shape[:1])] if bias else []
    return Sample(tuple(inputs), conv.options)


def rectified(rng, conv):
    """Sums that lie halfway between integers, so that none is near 0."""
    x, w, bias = few(rng, conv.input_shape), few(rng, conv.weight_shape), few(rng, conv.weight_shape[:1])
    return Sample((x, w, bias + 0.5), {"params": conv.params})


def one_image(rng, conv, padding):
    inputs = floats(rng, conv.input_shape[1:]), floats(rng, conv.weight_shape)
    return Sample(inputs, {"padding": padding, "dilation": conv.dilation, "groups": conv.groups})


def input_grad(rng, conv):
    inputs = floats(rng, conv.output_shape), floats(rng, conv.weight_shape)
    return Sample(inputs, {"params": (*conv.params, *conv.size)})


def weight_grad(rng, conv):
    inputs = floats(rng, conv.input_shape), floats(rng, conv.output_shape)
    return Sample(inputs, {"params": (*conv.params, *conv.kernel)})


def of_sequences(rng, conv, bias, batched):
    """The width of a drawn convolution."""
    x_shape = (conv.batch, conv.groups * conv.channels, conv.size[1])[not batched :]
    inputs = [floats(rng, x_shape), floats(rng, (*conv.weight_shape[:2], conv.kernel[1]))]
    inputs += [floats(rng, conv.weight_shape[:1])] if bias else []
    options = {name: value[1] for name, value in conv.options.items() if name != "groups"}
    return Sample(tuple(inputs), {**options, "groups": conv.groups})


def same_sequences(rng, conv):
    inputs = floats(rng, (*conv.input_shape[:2], conv.size[1])), floats(rng, (*conv.weight_shape[:2], conv.kernel[1]))
    return Sample(inputs, {"padding": "same", "dilation": (conv.dilation[1],), "groups": conv.groups})


def transposed(rng, conv, bias, batched, extra):
    """The drawn convolution backwards, with so little padding that something is left of its output."""
    x_shape = conv.output_shape[not batched :]
    inputs = [floats(rng, x_shape), floats(rng, conv.weight_shape)]
    inputs += [floats(rng, (conv.input_shape[1],))] if bias else []
    limits = map(max, conv.stride, conv.dilation)
    more = tuple(e % limit for e, limit in zip(extra, limits, strict=True))
    sides = zip(conv.output_shape[2:], conv.stride, conv.dilation, conv.kernel, more, conv.padding, strict=True)
    pads = tuple(min(p, ((n - 1) * s + d * (k - 1) + e) // 2) for n, s, d, k, e, p in sides)
    return Sample(tuple(inputs), {**conv.options, "padding": pads, "output_padding": more})


def all_filters_and_bias(sample):
    return all_filters(sample) + 1


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

SEQUENCE, FILTERS = (2, 3, 5), (4, 3, 3)

SEQUENCE_ERRORS = (
    refused(
        SEQUENCE,
        (4, 2, 3),
        "conv1d: input has 3 channels but weight expects groups*C = 1*2\n"
        "  input:  float32[2, 3, 5]\n"
        "  weight: float32[4, 2, 3]",
    ),
    refused(
        SEQUENCE,
        (4, 3, 7),
        "conv1d: no window fits: output length = floor((5 + 2*0 - 7) / 1) + 1 = -1\n"
        "  input:  float32[2, 3, 5]\n"
        "  weight: float32[4, 3, 7]",
    ),
    refused(
        SEQUENCE,
        X,
        "conv1d: weight must have 3 axes, (O, C / groups, kernel length)\n  weight: float32[8, 3, 32, 32]",
    ),
    refused((5,), FILTERS, "conv1d: input must have 3 axes, (N, C, L), or 2 axes, (C, L)\n  input: float32[5]"),
    refused(SEQUENCE, FILTERS, "conv1d: stride must be one integer, got (1, 2)", stride=(1, 2)),
    refused(SEQUENCE, FILTERS, "conv1d: padding='same' needs stride 1, got (1, 2)", padding="same", stride=2),
)

IMAGE, BACK = (2, 4, 5, 5), (4, 3, 3, 3)
BOTH = "\n  input:  float32[2, 4, 5, 5]\n  weight: float32[{}]"

TRANSPOSED_ERRORS = (
    refused(
        IMAGE,
        (3, 4, 3, 3),
        "conv_transpose2d: input has 4 channels but weight expects 3" + BOTH.format("3, 4, 3, 3"),
    ),
    refused(
        IMAGE,
        BACK,
        "conv_transpose2d: 4 channels do not divide into 3 groups\n  weight: float32[4, 3, 3, 3]",
        groups=3,
    ),
    refused(
        IMAGE,
        BACK,
        "conv_transpose2d: bias must have shape (6,)\n  weight: float32[4, 3, 3, 3]\n  bias:   float32[3]",
        bias=((3,),),
        groups=2,
    ),
    refused(
        IMAGE,
        BACK,
        "conv_transpose2d: nothing is left: output width = (5 - 1)*1 - 2*4 + 1*(3 - 1) + 1 + 0 = -1"
        + BOTH.format("4, 3, 3, 3"),
        padding=(0, 4),
    ),
    refused(
        IMAGE,
        BACK,
        "conv_transpose2d: output_padding must be below the stride or the dilation, got (2, 2)",
        stride=2,
        output_padding=2,
    ),
    refused(
        IMAGE,
        (4, 3, 0, 3),
        "conv_transpose2d: a kernel must cover at least one element\n  weight: float32[4, 3, 0, 3]",
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
        "conv2d_relu",
        applied(ops.CONV2D_RELU),
        samples(rectified, conv=convolutions()),
        ops.CONV2D_RELU,
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
    OpSpec(
        "conv1d",
        F.conv1d,
        samples(of_sequences, conv=convolutions(), bias=st.booleans(), batched=st.booleans()),
        linear=(0, 1),
        tolerance=summed(a_filter),
        error_inputs=SEQUENCE_ERRORS,
    ),
    OpSpec(
        "conv1d of the same length",
        F.conv1d,
        samples(same_sequences, conv=convolutions(same=True)),
        linear=(0, 1),
        tolerance=summed(a_filter),
    ),
    OpSpec(
        "conv_transpose2d",
        F.conv_transpose2d,
        samples(
            transposed,
            conv=convolutions(),
            bias=st.booleans(),
            batched=st.booleans(),
            extra=pairs(0, 2),
        ),
        linear=(0, 1),
        tolerance=summed(all_filters_and_bias),
        error_inputs=TRANSPOSED_ERRORS,
    ),
]
