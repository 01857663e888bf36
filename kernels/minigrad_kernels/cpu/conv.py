"""Convolution in two dimensions and its two gradients, by gathering from wide images (see conv_pack).

Axes: n batch, g group, o output channel, c input channel, h w space, k kernel; a tap is a place (i, j) of the kernel.

    conv2d              out[n, o, p, q] = max(least, bias[o] + sum_{c, i, j} w[o, c, i, j] * x[n, c, h, w])
    conv2d_input_grad   dx[n, c, h, w] = sum_{o, i, j} w[o, c, i, j] * dy[n, o, p, q]
    conv2d_weight_grad  dw[o, c, i, j] = sum_{n, p, q} dy[n, o, p, q] * x[n, c, h, w]

    where h = p stride_h - pad_h + i dilation_h, w = q stride_w - pad_w + j dilation_w

The first two are one kernel (conv_product): dx is a convolution of dy for each phase of the stride (conv_plan). The
third is a product over pixels (conv_dot). Padding is zeros that are multiplied; nothing else is added, so NaN and
infinity in x reach only results whose window holds them.

Where images are small, or channels are many and images few, all three are products of matrices instead, one for each
pixel that meets a tap (conv_matrices); conv_matrices_plan estimates which is less work.

In float32, 3x3 windows of stride 1 over enough channels go Winograd's way (winograd_plan). There a NaN or infinity
reaches other results of its tile too, so where the result holds any, it is computed again in one of the other ways.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu.conv_dot import dot, dot_elements
from minigrad_kernels.cpu.conv_matrices import multiply, multiply_elements
from minigrad_kernels.cpu.conv_matrices_plan import matrix_products
from minigrad_kernels.cpu.conv_plan import Window, forward_gather, input_grad_gather
from minigrad_kernels.cpu.conv_product import product, product_elements
from minigrad_kernels.cpu.simd import aligned, aligned_bytes
from minigrad_kernels.cpu.winograd_dot import winograd_dot
from minigrad_kernels.cpu.winograd_plan import elements, forward_plan, input_grad_plan, weight_grad_plan
from minigrad_kernels.cpu.winograd_product import winograd_product


def conv2d_scratch_bytes(
    out_nohw: NDArray[Any], x_nchw: NDArray[Any], w_ockk: NDArray[Any], bias_o: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int, groups: int, least: float,
) -> int:  # fmt: skip
    """Return the bytes of scratch that conv2d takes for these arguments."""
    window = Window(stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    winograd = elements(forward_plan(w_ockk.shape, window, out_nohw, x_nchw, groups), out_nohw.shape[1])
    if plan := matrix_products("y", x_nchw.shape, w_ockk.shape, out_nohw.shape, window, groups, out_nohw.itemsize):
        return aligned_bytes(max(winograd, multiply_elements(plan)), out_nohw.itemsize)
    gather = forward_gather(*w_ockk.shape[2:], *out_nohw.shape[2:], window)
    return aligned_bytes(max(winograd, product_elements(gather, out_nohw, x_nchw, groups)), out_nohw.itemsize)


def conv2d(
    out_nohw: NDArray[Any], x_nchw: NDArray[Any], w_ockk: NDArray[Any], bias_o: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int, groups: int, least: float,
    scratch: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Write the convolution of x with w, plus a bias; a bias of length zero is none.

    Parameters
    ----------
    out_nohw
        Overwritten; its shape is the result's.
    w_ockk
        Weights of shape (O, C / groups, kernel_h, kernel_w).
    least
        What smaller results become: 0 is ReLU, -inf changes none.
    scratch
        At least `conv2d_scratch_bytes` long.
    """
    window = Window(stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    memory, winograd = aligned(scratch, out_nohw.dtype), forward_plan(w_ockk.shape, window, out_nohw, x_nchw, groups)
    if winograd and winograd_product(winograd, out_nohw, x_nchw, w_ockk, bias_o, least, memory):
        return
    if plan := matrix_products("y", x_nchw.shape, w_ockk.shape, out_nohw.shape, window, groups, out_nohw.itemsize):
        multiply(plan, out_nohw, {"x": x_nchw, "w": w_ockk}, bias_o, least, memory)
        return
    gather = forward_gather(*w_ockk.shape[2:], *out_nohw.shape[2:], window)
    outputs, (_, channels, kernel_h, kernel_w) = w_ockk.shape[0] // groups, w_ockk.shape
    taps = kernel_h * kernel_w
    steps = (outputs * channels * taps, taps, channels * taps)
    product(gather, out_nohw, x_nchw, w_ockk.reshape(-1), bias_o, steps, groups, least, memory)


def conv2d_input_grad_scratch_bytes(
    dx_nchw: NDArray[Any], dy_nohw: NDArray[Any], w_ockk: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int, groups: int,
) -> int:  # fmt: skip
    """Return the bytes of scratch that conv2d_input_grad takes for these arguments."""
    window = Window(stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    winograd = elements(input_grad_plan(w_ockk.shape, window, dx_nchw, dy_nohw, groups), dx_nchw.shape[1])
    if plan := matrix_products("x", dx_nchw.shape, w_ockk.shape, dy_nohw.shape, window, groups, dx_nchw.itemsize):
        return aligned_bytes(max(winograd, multiply_elements(plan)), dx_nchw.itemsize)
    gather = input_grad_gather(*w_ockk.shape[2:], *dx_nchw.shape[2:], window)
    return aligned_bytes(max(winograd, product_elements(gather, dx_nchw, dy_nohw, groups)), dx_nchw.itemsize)


def conv2d_input_grad(
    dx_nchw: NDArray[Any], dy_nohw: NDArray[Any], w_ockk: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int, groups: int,
    scratch: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Write the gradient of sum(dy * conv2d(x, w)) with respect to x.

    Parameters
    ----------
    dx_nchw
        Overwritten; inputs that no window covers get zero.
    scratch
        At least `conv2d_input_grad_scratch_bytes` long.
    """
    window = Window(stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    memory, winograd = aligned(scratch, dx_nchw.dtype), input_grad_plan(w_ockk.shape, window, dx_nchw, dy_nohw, groups)
    if winograd and winograd_product(winograd, dx_nchw, dy_nohw, w_ockk, dy_nohw.reshape(-1)[:0], -np.inf, memory):
        return
    if plan := matrix_products("x", dx_nchw.shape, w_ockk.shape, dy_nohw.shape, window, groups, dx_nchw.itemsize):
        multiply(plan, dx_nchw, {"y": dy_nohw, "w": w_ockk}, dy_nohw.reshape(-1)[:0], -np.inf, memory)
        return
    outputs, (_, channels, kernel_h, kernel_w) = w_ockk.shape[0] // groups, w_ockk.shape
    taps = kernel_h * kernel_w
    steps = (outputs * channels * taps, channels * taps, taps)
    weights = w_ockk.reshape(-1)
    gather = input_grad_gather(kernel_h, kernel_w, *dx_nchw.shape[2:], window)
    product(gather, dx_nchw, dy_nohw, weights, weights[:0], steps, groups, -np.inf, memory)


def conv2d_weight_grad_scratch_bytes(
    dw_ockk: NDArray[Any], x_nchw: NDArray[Any], dy_nohw: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int, groups: int,
) -> int:  # fmt: skip
    """Return the bytes of scratch that conv2d_weight_grad takes for these arguments."""
    window = Window(stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    winograd = elements(weight_grad_plan(dw_ockk.shape, window, x_nchw, dy_nohw, groups), 1)
    if plan := matrix_products("w", x_nchw.shape, dw_ockk.shape, dy_nohw.shape, window, groups, dw_ockk.itemsize):
        return aligned_bytes(max(winograd, multiply_elements(plan)), dw_ockk.itemsize)
    gather = forward_gather(*dw_ockk.shape[2:], *dy_nohw.shape[2:], window)
    return aligned_bytes(max(winograd, dot_elements(gather, dw_ockk, x_nchw, groups)), dw_ockk.itemsize)


def conv2d_weight_grad(
    dw_ockk: NDArray[Any], x_nchw: NDArray[Any], dy_nohw: NDArray[Any],
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int, groups: int,
    scratch: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Write the gradient of sum(dy * conv2d(x, w)) with respect to w.

    Parameters
    ----------
    dw_ockk
        Overwritten; shape (O, C / groups, kernel_h, kernel_w).
    scratch
        At least `conv2d_weight_grad_scratch_bytes` long.
    """
    window = Window(stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    memory, winograd = aligned(scratch, dw_ockk.dtype), weight_grad_plan(dw_ockk.shape, window, x_nchw, dy_nohw, groups)
    if winograd and winograd_dot(winograd, dw_ockk, x_nchw, dy_nohw, memory):
        return
    if plan := matrix_products("w", x_nchw.shape, dw_ockk.shape, dy_nohw.shape, window, groups, dw_ockk.itemsize):
        multiply(plan, dw_ockk, {"x": x_nchw, "y": dy_nohw}, x_nchw.reshape(-1)[:0], -np.inf, memory)
        return
    gather = forward_gather(*dw_ockk.shape[2:], *dy_nohw.shape[2:], window)
    dot(gather, dw_ockk, x_nchw, dy_nohw, groups, memory)
