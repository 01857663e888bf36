"""Pooling. Max pooling's adjoint and the gather at the saved index are adjoints, so are average pooling and its own."""

from __future__ import annotations

from typing import Any, Literal, overload

from minigrad import dtypes
from minigrad.autograd import Op, apply, apply_all
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_flag, as_pair
from minigrad.ops.windows import as_batch, count_windows, unbatched
from minigrad.tensor import Tensor

_WINDOW = ("kernel_h", "kernel_w", "stride_h", "stride_w", "pad_h", "pad_w")
_MAX_PARAMS = (*_WINDOW, "dilation_h", "dilation_w")
_AVG_PARAMS = (*_WINDOW, "count_include_pad")


def _pooled_spec(op: str, x: Spec, window: tuple[int, ...], dilation: tuple[int, int], ceil_mode: bool) -> Spec:
    sides = zip(("height", "width"), x.shape[2:], window[:2], window[2:4], window[4:], dilation, strict=True)
    lengths = [count_windows(op, *side, ceil_mode=ceil_mode, input=x) for side in sides]
    return Spec((*x.shape[:2], *lengths), x.dtype)


def _max_infer(x: Spec, *params: Any) -> tuple[Spec, Spec]:
    out = _pooled_spec("max_pool2d", x, params[:6], params[6:8], params[8])
    return out, Spec(out.shape, dtypes.int64)


def _window_flops(out: Spec, x: Spec, kernel_h: int, kernel_w: int, *_: Any) -> int:
    return out.size * kernel_h * kernel_w


def _max_rule(grad: Tensor, indices: Tensor, input_spec: Spec, params: tuple[Any, ...]) -> Tensor:
    return apply(MAX_POOL2D_INPUT_GRAD, (grad, indices), (*params[:8], *input_spec.shape[2:]))


def _avg_rule(grad: Tensor, input_spec: Spec, params: tuple[Any, ...]) -> Tensor:
    return apply(AVG_POOL2D_INPUT_GRAD, (grad,), (*params, *input_spec.shape[2:]))


MAX_POOL2D: Op = Op(
    "max_pool2d",
    ("input",),
    _max_infer,
    params=_MAX_PARAMS,
    out_params=("ceil_mode",),
    outputs=("out", "indices"),
    vjp={"input": _max_rule},
    flops=_window_flops,
)
MAX_POOL2D_INPUT_GRAD: Op = Op(
    "max_pool2d_input_grad",
    ("dy", "indices"),
    lambda dy, indices, *params: Spec((*dy.shape[:2], *params[8:]), dy.dtype),
    params=_MAX_PARAMS,
    out_params=("height", "width"),
    vjp={"dy": lambda grad, indices, params: apply(MAX_POOL2D_GATHER, (grad, indices), params[:8])},
    linear_in=("dy",),
    flops=lambda out, dy, *_: dy.size,
)
MAX_POOL2D_GATHER: Op = Op(
    "max_pool2d_gather",
    ("input", "indices"),
    lambda x, indices, *_: Spec(indices.shape, x.dtype),
    out_params=_MAX_PARAMS,
    vjp={"input": _max_rule},
    linear_in=("input",),
)
AVG_POOL2D: Op = Op(
    "avg_pool2d",
    ("input",),
    lambda x, *params: _pooled_spec("avg_pool2d", x, params[:6], (1, 1), params[7]),
    params=_AVG_PARAMS,
    out_params=("ceil_mode",),
    vjp={"input": _avg_rule},
    linear_in=("input",),
    flops=_window_flops,
)
AVG_POOL2D_INPUT_GRAD: Op = Op(
    "avg_pool2d_input_grad",
    ("dy",),
    lambda dy, *params: Spec((*dy.shape[:2], *params[8:]), dy.dtype),
    params=_AVG_PARAMS,
    out_params=("ceil_mode", "height", "width"),
    vjp={"dy": lambda grad, params: apply(AVG_POOL2D, (grad,), params[:8])},
    linear_in=("dy",),
    flops=lambda out, dy, *params: dy.size * params[0] * params[1],
)


@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Largest element of each window, over each channel of each image.

    Output sizes are floor((H + 2*pad - d*(k - 1) - 1) / s) + 1; ceil_mode rounds the division up, and a last window
    that would start outside the input is dropped. The first of equal maxima wins and takes the gradient; NaN wins.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    kernel_size, stride, padding, dilation
        An integer or a pair (height, width). The stride is by default the kernel size. Padding never wins, and is at
        most half the kernel.
    return_indices
        Return (output, indices): for each maximum its h * W + w in its channel, int64.
    """
    images = as_batch("max_pool2d", input)
    as_flag("max_pool2d", "return_indices", return_indices)
    window = (*_window("max_pool2d", kernel_size, stride, padding), *as_pair("max_pool2d", "dilation", dilation, 1))
    params = (*window, as_flag("max_pool2d", "ceil_mode", ceil_mode))
    out, indices = (unbatched(part, images, input) for part in apply_all(MAX_POOL2D, (images,), params))
    return (out, indices) if return_indices else out


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Mean of each window, over each channel of each image.

    Output sizes are those of `max_pool2d` with dilation 1.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    kernel_size, stride, padding
        An integer or a pair (height, width). The stride is by default the kernel size. Padding is zeros, at most half
        the kernel.
    count_include_pad
        Divide by the window's area with the padding (though not what ceil_mode adds), or by the elements it covers.
    """
    images, window = as_batch("avg_pool2d", input), _window("avg_pool2d", kernel_size, stride, padding)
    counted = as_flag("avg_pool2d", "count_include_pad", count_include_pad)
    out = apply(AVG_POOL2D, (images,), (*window, counted, as_flag("avg_pool2d", "ceil_mode", ceil_mode)))
    return unbatched(out, images, input)


def _window(op: str, kernel_size: Any, stride: Any, padding: Any) -> tuple[int, ...]:
    kernel = as_pair(op, "kernel_size", kernel_size, 1)
    strides = kernel if stride is None else as_pair(op, "stride", stride, 1)
    pads = as_pair(op, "padding", padding, 0)
    if any(pad > size // 2 for pad, size in zip(pads, kernel, strict=True)):
        raise ShapeError(f"{op}: padding must be at most half the kernel, got padding {pads} and kernel {kernel}")
    return (*kernel, *strides, *pads)
