"""The windows of an image as columns, and their sum back into an image: an adjoint pair, each the other's rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import Pair, as_pair, listed
from minigrad.ops.conv import require_operands
from minigrad.ops.matmul import matmul
from minigrad.ops.shape import flatten, permute, reshape, transpose
from minigrad.ops.windows import as_batch, count_windows, unbatched
from minigrad.tensor import Tensor

_PARAMS = ("stride_h", "stride_w", "pad_h", "pad_w", "dilation_h", "dilation_w")

UNFOLD: Op = Op(
    "unfold",
    ("input",),
    lambda x, *params: Spec((*x.shape[:2], *params[6:]), x.dtype),
    params=_PARAMS,
    out_params=("kernel_h", "kernel_w", "windows_h", "windows_w"),
    vjp={"input": lambda grad, input_spec, params: apply(FOLD, (grad,), (*params[:6], *input_spec.shape[2:]))},
    linear_in=("input",),
)
FOLD: Op = replace(
    UNFOLD,
    name="fold",
    out_params=("height", "width"),
    vjp={"input": lambda grad, input_spec, params: apply(UNFOLD, (grad,), (*params[:6], *input_spec.shape[2:]))},
    flops=lambda out, x, *_: x.size,
)


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The windows of each image as columns: what a convolution multiplies its filters with (im2col).

    out[n, (c*kh + i)*kw + j, p*Q + q] = x[n, c, p*s + i*d - pad, q*s + j*d - pad], and x is 0 outside the image, for
    P x Q windows: P = floor((H + 2*pad - d*(k - 1) - 1) / s) + 1, and Q likewise.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    kernel_size, dilation, padding, stride
        An integer or a pair (height, width).

    Returns
    -------
    Tensor
        (N, C*kh*kw, P*Q), or (C*kh*kw, P*Q) for one image.

    Raises
    ------
    ShapeError
        If no window fits.
    """
    images = as_batch("unfold", input)
    kernel, params = _geometry("unfold", kernel_size, dilation, padding, stride)
    columns = apply(UNFOLD, (images,), (*params, *kernel, *_windows("unfold", images.spec, kernel, params)))
    return unbatched(flatten(flatten(columns, 4), 1, 3), images, input)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """The sum of columns at the places from which `unfold` takes them: its adjoint (col2im).

    Parameters
    ----------
    input
        (N, C*kh*kw, P*Q), or (C*kh*kw, P*Q) for one image; float.
    output_size
        An integer or a pair: H and W of the image.
    kernel_size, dilation, padding, stride
        As for `unfold`; P x Q windows of an image of that size.

    Returns
    -------
    Tensor
        (N, C, H, W), or (C, H, W) for one image.

    Raises
    ------
    ShapeError
        If the rows are no whole channels, the columns are not as many as the windows, or no window fits.
    """
    batches = as_batch("fold", input, "C*kh*kw, P*Q")
    size = as_pair("fold", "output_size", output_size, 1)
    kernel, params = _geometry("fold", kernel_size, dilation, padding, stride)
    batch, rows, columns = batches.shape
    channels = rows // (kernel[0] * kernel[1])
    image = Spec((batch, channels, *size), input.dtype)
    windows = _windows("fold", image, kernel, params)
    if (channels * kernel[0] * kernel[1], windows[0] * windows[1]) != (rows, columns):
        wanted = f"(N, C*{kernel[0]}*{kernel[1]}, {windows[0]}*{windows[1]})"
        raise ShapeError(listed(f"fold: input must have shape {wanted}", input=batches.spec, output=image))
    out = apply(FOLD, (reshape(batches, (batch, channels, *kernel, *windows)),), (*params, *size))
    return unbatched(out, batches, input)


def locally_connected2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> Tensor:
    """A convolution whose weights are not shared: each output position has filters and biases of its own.

    y[n, o, p, q] = b[o, p, q] + sum over c, i, j of x[n, c, p*s + i*d - pad, q*s + j*d - pad] * w[p, q, o, c, i, j].
    Output sizes are those of `conv2d`.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    weight
        (output height, output width, O, C, kernel height, kernel width), of the same dtype: weight[p, q] is a weight
        of `conv2d`, and one block of memory, which is what a position's product reads.
    bias
        (O, output height, output width), the shape of one output, or None.
    stride, padding, dilation
        An integer or a pair (height, width).

    Raises
    ------
    ShapeError
        If channels, positions or bias do not fit, or no window does.

    References
    ----------
    .. [1] Taigman et al., DeepFace: closing the gap to human-level performance in face verification, 2014, section 3.
    """
    axes = "(output height, output width, O, C, kernel height, kernel width)"
    require_operands("locally_connected2d", input, weight, bias, axes)
    images = as_batch("locally_connected2d", input)
    kernel, params = _geometry("locally_connected2d", weight.shape[4:], dilation, padding, stride)
    windows = _windows("locally_connected2d", images.spec, kernel, params)
    _require_positions(images.spec, weight.spec, None if bias is None else bias.spec, windows)
    columns = permute(unfold(images, kernel, dilation, padding, stride), 2, 0, 1)
    filters = reshape(weight, (columns.shape[0], weight.shape[2], columns.shape[2]))
    out = permute(matmul(columns, transpose(filters, 1, 2)), 1, 2, 0)
    out = reshape(out, (images.shape[0], weight.shape[2], *windows))
    return unbatched(out if bias is None else out + bias, images, input)


def _require_positions(x: Spec, w: Spec, bias: Spec | None, windows: Pair) -> None:
    wanted = (*windows, w.shape[2], x.shape[1], *w.shape[4:])
    if w.shape != wanted:
        message = f"locally_connected2d: weight must have shape {wanted}, a filter for each of {windows} positions"
        raise ShapeError(listed(message, input=x, weight=w))
    if bias is not None and bias.shape != (w.shape[2], *windows):
        message = f"locally_connected2d: bias must have shape {(w.shape[2], *windows)}"
        raise ShapeError(listed(message, weight=w, bias=bias))


def _geometry(op: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Pair, tuple[int, ...]]:
    """The kernel, and the parameters of the ops."""
    kernel, dilations = as_pair(op, "kernel_size", kernel_size, 1), as_pair(op, "dilation", dilation, 1)
    return kernel, (*as_pair(op, "stride", stride, 1), *as_pair(op, "padding", padding, 0), *dilations)


def _windows(op: str, x: Spec, kernel: Pair, params: tuple[int, ...]) -> Pair:
    sides = zip(("height", "width"), x.shape[2:], kernel, params[:2], params[2:4], params[4:], strict=True)
    height, width = (count_windows(op, *side, input=x) for side in sides)
    return height, width
