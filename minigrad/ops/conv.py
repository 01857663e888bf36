"""Convolution, its input gradient and its weight gradient: one trilinear form; each one's rules are the other two."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_int, as_pair, listed, require_float, require_ndim, require_same_dtype
from minigrad.ops.index import pad
from minigrad.ops.reduce import sum
from minigrad.ops.shape import reshape
from minigrad.tensor import Tensor
from minigrad_kernels import shapes

_PARAMS = ("stride_h", "stride_w", "pad_h", "pad_w", "dilation_h", "dilation_w", "groups")
Geometry = tuple[int, int, int, int, int, int, int]


def _conv2d_infer(x: Spec, w: Spec, bias: Spec, *geometry: int) -> Spec:
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups = geometry
    _require_channels(x, w, bias, groups)
    height = _output_size("height", x, w, 2, stride_h, pad_h, dilation_h)
    width = _output_size("width", x, w, 3, stride_w, pad_w, dilation_w)
    return Spec((x.shape[0], w.shape[0], height, width), x.dtype)


def _require_channels(x: Spec, w: Spec, bias: Spec, groups: int) -> None:
    if x.shape[1] != groups * w.shape[1]:
        message = f"conv2d: input has {x.shape[1]} channels but weight expects groups*C = {groups}*{w.shape[1]}"
        raise ShapeError(listed(message, input=x, weight=w))
    if w.shape[0] % groups:
        raise ShapeError(listed(f"conv2d: {w.shape[0]} outputs do not divide into {groups} groups", weight=w))
    if bias.shape not in ((0,), (w.shape[0],)):
        raise ShapeError(listed(f"conv2d: bias must have shape ({w.shape[0]},)", weight=w, bias=bias))
    if 0 in w.shape[2:]:
        raise ShapeError(listed("conv2d: a kernel must cover at least one element", weight=w))


def _output_size(side: str, x: Spec, w: Spec, axis: int, stride: int, padding: int, dilation: int) -> int:
    length, kernel = x.shape[axis], w.shape[axis]
    size = shapes.window_output_size(length, kernel, stride, padding, dilation)
    if size < 1:
        span = dilation * (kernel - 1) + 1
        formula = f"floor(({length} + 2*{padding} - {span}) / {stride}) + 1 = {size}"
        raise ShapeError(listed(f"conv2d: no window fits: output {side} = {formula}", input=x, weight=w))
    return size


def _multiply_adds(spatial: Spec, w: Spec) -> int:
    """2 for each output position and weight of its filter."""
    return 2 * spatial.size * w.size // w.shape[0] if w.shape[0] else 0


def _input_grad(grad: Tensor, weight: Tensor, geometry: Geometry, size: tuple[int, int]) -> Tensor:
    return apply(CONV2D_INPUT_GRAD, (grad, weight), (*geometry, *size))


def _weight_grad(input: Tensor, grad: Tensor, geometry: Geometry, size: tuple[int, int]) -> Tensor:
    return apply(CONV2D_WEIGHT_GRAD, (input, grad), (*geometry, *size))


def _conv(input: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
    return apply(CONV2D, (input, weight, _no_bias(weight)), geometry)


def _no_bias(weight: Tensor) -> Tensor:
    """The zero-length array that stands for a missing bias."""
    spec = Spec((0,), weight.dtype)
    return Tensor(weight.backend.empty(spec), spec, weight.backend)


CONV2D: Op = Op(
    "conv2d",
    ("input", "weight", "bias"),
    _conv2d_infer,
    params=_PARAMS,
    vjp={
        "input": lambda grad, weight, input_spec, params: _input_grad(grad, weight, params[:7], input_spec.shape[2:]),
        "weight": lambda grad, input, weight_spec, params: _weight_grad(input, grad, params[:7], weight_spec.shape[2:]),
        "bias": lambda grad: sum(grad, (0, 2, 3)),
    },
    linear_in=("input", "weight"),
    flops=lambda out, x, w, *_: _multiply_adds(out, w),
)
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
    values = {"input": input, "weight": weight} | ({} if bias is None else {"bias": bias})
    require_float("conv2d", **values)
    require_same_dtype("conv2d", **values)
    require_ndim("conv2d", 4, "(O, C / groups, kernel height, kernel width)", weight=weight)
    if input.ndim == 3:
        return reshape_first(conv2d(reshape(input, 1, *input.shape), weight, bias, stride, padding, dilation, groups))
    require_ndim("conv2d", 4, "(N, C, H, W), or 3 axes, (C, H, W)", input=input)
    strides = as_pair("conv2d", "stride", stride, 1)
    dilations = as_pair("conv2d", "dilation", dilation, 1)
    input, pads = _padded(input, weight, strides, padding, dilations)
    geometry = (*strides, *pads, *dilations, as_int("conv2d", "groups", groups, 1))
    return apply(CONV2D, (input, weight, _no_bias(weight) if bias is None else bias), geometry)


def reshape_first(batch_of_one: Tensor) -> Tensor:
    """The one element of a batch of one."""
    return reshape(batch_of_one, batch_of_one.shape[1:])


def _padded(
    input: Tensor, weight: Tensor, strides: tuple[int, int], padding: Any, dilations: tuple[int, int]
) -> tuple[Tensor, tuple[int, int]]:
    """The symmetric padding, and the input with what an odd 'same' needs on its last side."""
    if padding == "valid":
        return input, (0, 0)
    if padding != "same":
        if isinstance(padding, str):
            raise ShapeError(f"conv2d: padding must be integers, 'same' or 'valid', got {padding!r}")
        return input, as_pair("conv2d", "padding", padding, 0)
    if strides != (1, 1):
        raise ShapeError(f"conv2d: padding='same' needs stride 1, got {strides}")
    top, bottom = shapes.same_padding(weight.shape[2], dilations[0])
    left, right = shapes.same_padding(weight.shape[3], dilations[1])
    if (top, left) != (bottom, right):
        input = pad(input, (0, right - left, 0, bottom - top))
    return input, (top, left)
