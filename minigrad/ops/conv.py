"""Convolution, its input gradient and its weight gradient: one trilinear form; each one's rules are the other two."""

from __future__ import annotations

from functools import partial
from typing import Any

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.checks import as_int
from minigrad.errors import ShapeError
from minigrad.ops.activation import with_relu
from minigrad.ops.arguments import (
    Pair,
    as_pair,
    as_single,
    listed,
    present,
    require_float,
    require_ndim,
    require_same_dtype,
)
from minigrad.ops.matmul import no_bias
from minigrad.ops.pad import pad
from minigrad.ops.reduce import sum
from minigrad.ops.shape import squeeze, unsqueeze
from minigrad.ops.windows import as_batch, count_windows, unbatched
from minigrad.tensor import Tensor
from minigrad_kernels import shapes

_PARAMS = ("stride_h", "stride_w", "pad_h", "pad_w", "dilation_h", "dilation_w", "groups")
Geometry = tuple[int, int, int, int, int, int, int]


def _output_spec(op: str, sides: tuple[str, ...], x: Spec, w: Spec, geometry: tuple[int, ...]) -> Spec:
    """(N, O, a length for each side); the geometry holds strides, paddings, dilations, groups."""
    *windows, groups = geometry
    _require_channels(op, x, w, groups)
    rank = len(sides)
    strides, pads, dilations = windows[:rank], windows[rank : 2 * rank], windows[2 * rank :]
    axes = zip(sides, x.shape[2:], w.shape[2:], strides, pads, dilations, strict=True)
    return Spec((x.shape[0], w.shape[0], *[count_windows(op, *axis, input=x, weight=w) for axis in axes]), x.dtype)


def _require_channels(op: str, x: Spec, w: Spec, groups: int) -> None:
    if x.shape[1] != groups * w.shape[1]:
        message = f"{op}: input has {x.shape[1]} channels but weight expects groups*C = {groups}*{w.shape[1]}"
        raise ShapeError(listed(message, input=x, weight=w))
    if w.shape[0] % groups:
        raise ShapeError(listed(f"{op}: {w.shape[0]} outputs do not divide into {groups} groups", weight=w))
    require_kernel(op, w)


def require_kernel(op: str, w: Spec) -> None:
    """Raise ShapeError where a filter has no element."""
    if 0 in w.shape[2:]:
        raise ShapeError(listed(f"{op}: a kernel must cover at least one element", weight=w))


def _multiply_adds(spatial: Spec, w: Spec) -> int:
    """2 for each output position and weight of its filter."""
    return 2 * spatial.size * w.size // w.shape[0] if w.shape[0] else 0


def _input_grad(grad: Tensor, weight: Tensor, geometry: Geometry, size: Pair) -> Tensor:
    return apply(CONV2D_INPUT_GRAD, (grad, weight), (*geometry, *size))


def _weight_grad(input: Tensor, grad: Tensor, geometry: Geometry, size: Pair) -> Tensor:
    return apply(CONV2D_WEIGHT_GRAD, (input, grad), (*geometry, *size))


def _conv(input: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    return apply(CONV2D, (input, weight, no_bias(weight)), geometry)


CONV2D: Op = Op(
    "conv2d",
    ("input", "weight", "bias"),
    lambda x, w, bias, *geometry: _output_spec("conv2d", ("height", "width"), x, w, geometry),
    params=_PARAMS,
    vjp={
        "input": lambda grad, weight, input_spec, params: _input_grad(grad, weight, params[:7], input_spec.shape[2:]),
        "weight": lambda grad, input, weight_spec, params: _weight_grad(input, grad, params[:7], weight_spec.shape[2:]),
        "bias": lambda grad: sum(grad, (0, 2, 3)),
    },
    linear_in=("input", "weight"),
    flops=lambda out, x, w, *_: _multiply_adds(out, w),
)
CONV2D_RELU = with_relu(CONV2D)
CONV2D_INPUT_GRAD: Op = Op(
    "conv2d_input_grad",
    ("dy", "weight"),
    lambda dy, w, *params: Spec((dy.shape[0], w.shape[1] * params[6], *params[7:]), dy.dtype),
    params=_PARAMS,
    out_params=("height", "width"),
    vjp={
        "dy": lambda grad, weight, params: _conv(grad, weight, params[:7]),
        "weight": lambda grad, dy, weight_spec, params: _weight_grad(grad, dy, params[:7], weight_spec.shape[2:]),
    },
    linear_in=("dy", "weight"),
    flops=lambda out, dy, w, *_: _multiply_adds(dy, w),
)
CONV2D_WEIGHT_GRAD: Op = Op(
    "conv2d_weight_grad",
    ("input", "dy"),
    lambda x, dy, *params: Spec((dy.shape[1], x.shape[1] // params[6], *params[7:]), x.dtype),
    params=_PARAMS,
    out_params=("kernel_h", "kernel_w"),
    vjp={
        "input": lambda grad, dy, input_spec, params: _input_grad(dy, grad, params[:7], input_spec.shape[2:]),
        "dy": lambda grad, input, params: _conv(input, grad, params[:7]),
    },
    linear_in=("input", "dy"),
    flops=lambda out, x, dy, *_: _multiply_adds(dy, out),
)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of images with filters, summed over a group's channels.

    y[n, o, p, q] = b[o] + sum over c, i, j of x[n, c, p*s + i*d - pad, q*s + j*d - pad] * w[o, c, i, j], and x is 0
    outside the image. Output sizes are floor((H + 2*pad - d*(k - 1) - 1) / s) + 1.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    weight
        (O, C / groups, kernel height, kernel width), of the same dtype.
    bias
        (O,), or None.
    stride, padding, dilation
        An integer or a pair (height, width). Padding is zeros on both sides, or 'valid' for none, or, at stride 1,
        'same' for an output of the input's size; of an odd total, the larger half comes last.
    groups
        Channels and filters are split into so many groups that do not see each other.

    Raises
    ------
    ShapeError
        If channels, groups or bias do not fit, or no window does.

    References
    ----------
    .. [1] Dumoulin, Visin, A guide to convolution arithmetic for deep learning, 2016, sections 2 and 4.
    """
    return _conv2d(CONV2D, input, weight, bias, stride, padding, dilation, groups)


def _conv2d(
    op: Op, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    require_operands("conv2d", input, weight, bias, "(O, C / groups, kernel height, kernel width)")
    images = as_batch("conv2d", input)
    strides, dilations = as_pair("conv2d", "stride", stride, 1), as_pair("conv2d", "dilation", dilation, 1)
    pads = padding if isinstance(padding, str) else as_pair("conv2d", "padding", padding, 0)
    padded, pads = _padded("conv2d", images, weight, strides, pads, dilations)
    geometry = (*strides, *pads, *dilations, as_int("conv2d", "groups", groups, 1))
    return unbatched(apply(op, (padded, weight, _offsets("conv2d", weight, bias)), geometry), images, input)


conv2d_relu = partial(_conv2d, CONV2D_RELU)


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of sequences with filters: `conv2d` with a height of 1, and its arguments and errors.

    y[n, o, p] = b[o] + sum over c, i of x[n, c, p*s + i*d - pad] * w[o, c, i]. The output's length is
    floor((L + 2*pad - d*(k - 1) - 1) / s) + 1.

    Parameters
    ----------
    input
        (N, C, L), or (C, L) for one sequence; float.
    weight
        (O, C / groups, kernel length), of the same dtype.
    bias
        (O,), or None.
    stride, padding, dilation
        An integer, or a sequence of one. Padding may be 'same' or 'valid'.
    """
    require_operands("conv1d", input, weight, bias, "(O, C / groups, kernel length)")
    sequences = as_batch("conv1d", input, "C, L")
    strides = 1, as_single("conv1d", "stride", stride, 1)
    dilations = 1, as_single("conv1d", "dilation", dilation, 1)
    pads = padding if isinstance(padding, str) else (0, as_single("conv1d", "padding", padding, 0))
    image, filters = unsqueeze(sequences, 2), unsqueeze(weight, 2)
    image, pads = _padded("conv1d", image, filters, strides, pads, dilations)
    groups = as_int("conv1d", "groups", groups, 1)
    offsets = _offsets("conv1d", weight, bias)
    row = Spec((*image.shape[:2], image.shape[3]), image.dtype)
    _output_spec("conv1d", ("length",), row, weight.spec, (strides[1], pads[1], dilations[1], groups))
    out = squeeze(apply(CONV2D, (image, filters, offsets), (*strides, *pads, *dilations, groups)), 2)
    return unbatched(out, sequences, input)


def require_operands(op: str, input: Tensor, weight: Tensor, bias: Tensor | None, weight_axes: str) -> None:
    """Raise an error unless all are float tensors of one dtype, and the weight has the axes that are named."""
    values = {"input": input, "weight": weight, **present(bias=bias)}
    require_float(op, **values)
    require_same_dtype(op, **values)
    require_ndim(op, weight_axes.count(",") + 1, weight_axes, weight=weight)


def _offsets(op: str, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The bias; a zero-length array if it is missing, which one that is given may be only if there are no outputs."""
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ShapeError(listed(f"{op}: bias must have shape ({weight.shape[0]},)", weight=weight.spec, bias=bias.spec))
    return no_bias(weight) if bias is None else bias


def require_named_padding(op: str, padding: str, strides: tuple[int, ...]) -> None:
    """Raise ShapeError unless the padding is 'valid', or 'same' at stride 1."""
    if padding not in ("same", "valid"):
        raise ShapeError(f"{op}: padding must be integers, 'same' or 'valid', got {padding!r}")
    if padding == "same" and max(strides) > 1:
        raise ShapeError(f"{op}: padding='same' needs stride 1, got {strides}")


def _padded(
    op: str, input: Tensor, weight: Tensor, strides: Pair, padding: str | Pair, dilations: Pair
) -> tuple[Tensor, Pair]:
    """The symmetric padding, and the input with what an odd 'same' needs on its last side."""
    if not isinstance(padding, str):
        return input, padding
    require_named_padding(op, padding, strides)
    if padding == "valid":
        return input, (0, 0)
    top, bottom = shapes.same_padding(weight.shape[2], dilations[0])
    left, right = shapes.same_padding(weight.shape[3], dilations[1])
    if (top, left) != (bottom, right):
        input = pad(input, (0, right - left, 0, bottom - top))
    return input, (top, left)
