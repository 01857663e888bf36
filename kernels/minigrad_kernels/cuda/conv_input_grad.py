"""The input gradient of a convolution: dx[c', (n, h, w)] = sum over (o, i, j) of w[o, c', i, j] dy[n, o, p, q].

Window p meets h at tap i where p stride = h + pad - i dilation. With stride 1 there is one for any i; else h mod
stride, the residue, says for which: for every `step`-th from a first one on, and p moves by `delta` from one of them to
the next. So the places of each residue, h = residue + t stride, are pixels of a product of their own, over just those
taps:

    p = t + window - u delta  for tap  i = first + u step

All residues of all groups are the batch of one launch; where a residue has no tap, its gradients are 0.
"""

import math
from typing import NamedTuple

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import Kernel
from minigrad_kernels.cuda.language import device, uint32
from minigrad_kernels.cuda.launch import ceil_div
from minigrad_kernels.cuda.product import Product, Sizes
from minigrad_kernels.cuda.tile import (
    ALONG_K,
    ALONG_ROWS,
    FLAT,
    SQUARE,
    Tile,
    reciprocal,
    split,
    tiled_kernel,
    tiled_product,
)

Pair = tuple[int, int]
"""One number for each axis of an image."""
Window = tuple[Pair, Pair, Pair]
"""Strides, paddings, dilations."""


@device
def _taps_of(residue, axis):
    """Return first, how many taps there are, `window` modulo 2**32, and `delta`."""
    kernel, stride, pad, dilation, step = axis
    back, first = uint32(stride - dilation % stride), uint32(0)
    while first < step and (residue + pad + first * back) % stride != uint32(0):
        first = uint32(first + uint32(1))
    taps = uint32((kernel - first + step - uint32(1)) // step) if first < step else uint32(0)
    beyond = uint32(dilation * kernel)  # windows; without them the division could meet a negative number
    window = uint32(uint32(residue + pad + beyond * stride - first * dilation) // stride - beyond)
    return first, taps, window, uint32(dilation * step // stride)


@device
def _locate(words, batch):
    (_, _, outputs), _, _, axis_h, axis_w, (residues_h, residues_w), _, by_taps = words
    rest = uint32(batch // residues_w)
    group = uint32(rest // residues_h)
    residue_h, residue_w = uint32(rest - group * residues_h), uint32(batch - rest * residues_w)
    taps_h, taps_w = _taps_of(residue_h, axis_h), _taps_of(residue_w, axis_w)
    by_taps_h = by_taps[0] if taps_h[1] * axis_h[4] >= axis_h[0] else by_taps[1]
    by_taps_w = by_taps[2] if taps_w[1] * axis_w[4] >= axis_w[0] else by_taps[3]
    where = (words, group, (residue_h, residue_w), taps_h, taps_w, (by_taps_h, by_taps_w))
    return uint32(outputs * taps_h[1] * taps_w[1]), ALONG_K, ALONG_ROWS, where


@device
def _load_weight(operands, where, row, k):
    words, group, _, (first_h, taps_h, _, _), (first_w, taps_w, _, _), (by_taps_h, by_taps_w) = where
    (_, channels, outputs), _, _, (kernel_h, _, _, _, step_h), (kernel_w, _, _, _, step_w), _, _, _ = words
    o, u, v = split(k, taps_h, taps_w, by_taps_h, by_taps_w)
    i, j = uint32(first_h + u * step_h), uint32(first_w + v * step_w)
    plane = uint32(kernel_h * kernel_w)
    of_output = uint32((group * outputs + o) * channels * plane)
    return operands[0][uint32(of_output + row * plane + i * kernel_w + j)]


@device
def _load_dy(operands, where, column, k):
    words, group, _, taps_h, taps_w, (by_taps_h, by_taps_w) = where
    (_, count_h, window_h, delta_h), (_, count_w, window_w, delta_w) = taps_h, taps_w
    (groups, _, outputs), _, (windows_h, windows_w), _, _, _, places, _ = words
    n, t, s = split(column, *places)
    o, u, v = split(k, count_h, count_w, by_taps_h, by_taps_w)
    p, q = uint32(uint32(t + window_h) - u * delta_h), uint32(uint32(s + window_w) - v * delta_w)
    first = uint32((n * groups + group) * outputs * windows_h * windows_w)
    dy = operands[1]
    inside = p < windows_h and q < windows_w
    return dy[uint32(first + (o * windows_h + p) * windows_w + q)] if inside else dy.dtype.type(0)


@device
def _place(where, column):
    """Return where the place lies in the first plane of the group, the size of a plane, and whether it exists."""
    words, group, (residue_h, residue_w), _, _, _ = where
    (groups, channels, _), (height, width), _, (_, stride_h, _, _, _), (_, stride_w, _, _, _), _, places, _ = words
    n, t, s = split(column, *places)
    h, w = uint32(residue_h + t * stride_h), uint32(residue_w + s * stride_w)
    plane = uint32(height * width)
    first = uint32((n * groups + group) * channels * plane)
    return uint32(first + h * width + w), plane, h < height and w < width


@device
def _finish(operands, where, row, place, is_first, total):
    first, plane, exists = place
    return uint32(first + row * plane), exists, total


def _kernel(tile: Tile) -> Kernel:
    product = tiled_product(tile, _locate, _load_weight, _load_dy, _place, _finish)

    # fmt: off
    @tiled_kernel(tile, 2, *["uint"] * 21, *["uint64"] * 6)
    def _input_grad(
        dx, w, dy, rows, columns, chunk, chunks, least,
        groups, channels, outputs, height, width, windows_h, windows_w,
        kernel_h, stride_h, pad_h, dilation_h, step_h, kernel_w, stride_w, pad_w, dilation_w, step_w,
        residues_h, residues_w, places_h, places_w,
        by_places_h, by_places_w, by_most_h, by_fewer_h, by_most_w, by_fewer_w,
    ):
        axis_h = (kernel_h, stride_h, pad_h, dilation_h, step_h)
        axis_w = (kernel_w, stride_w, pad_w, dilation_w, step_w)
        residues, places = (residues_h, residues_w), (places_h, places_w, by_places_h, by_places_w)
        by_taps = (by_most_h, by_fewer_h, by_most_w, by_fewer_w)
        sizes = (groups, channels, outputs), (height, width), (windows_h, windows_w)
        product(dx, (w, dy), rows, columns, chunk, chunks, least, (*sizes, axis_h, axis_w, residues, places, by_taps))
    # fmt: on

    return _input_grad


INPUT_GRAD = Product(_kernel, (SQUARE, FLAT))


class _Axis(NamedTuple):
    """What an axis of the images says about its residues."""

    step: int
    residues: int
    places: int
    most_taps: int


def _axis(length: int, kernel: int, stride: int, dilation: int) -> _Axis:
    step = stride // math.gcd(stride, dilation)
    return _Axis(step, min(stride, length), ceil_div(length, stride), ceil_div(kernel, step))


def sizes_of(dx_nchw: DeviceArray, w_ockk: DeviceArray, strides: Pair, dilations: Pair, groups: int) -> Sizes:
    """Return the sizes of the products, their depth being the largest one."""
    h, w = map(_axis, dx_nchw.shape[2:], w_ockk.shape[2:], strides, dilations)
    batches = groups * h.residues * w.residues
    depth = w_ockk.shape[0] // groups * h.most_taps * w.most_taps
    return Sizes(batches, w_ockk.shape[1], dx_nchw.shape[0] * h.places * w.places, depth)


def input_grad(
    dx_nchw: DeviceArray, dy_nohw: DeviceArray, w_ockk: DeviceArray, window: Window, groups: int, scratch: DeviceArray
) -> None:
    """Sum dy w over the windows that cover an input; 0 where none does."""
    strides, pads, dilations = window
    axes = list(map(_axis, dx_nchw.shape[2:], w_ockk.shape[2:], strides, dilations))
    words = [groups, w_ockk.shape[1], w_ockk.shape[0] // groups, *dx_nchw.shape[2:], *dy_nohw.shape[2:]]
    for axis, *numbers in zip(axes, w_ockk.shape[2:], strides, pads, dilations, strict=True):
        words += [*numbers, axis.step]
    words += [axis.residues for axis in axes] + [axis.places for axis in axes]
    words += [reciprocal(axis.places) for axis in axes]
    words += [reciprocal(taps) for axis in axes for taps in (axis.most_taps, axis.most_taps - 1)]
    sizes = sizes_of(dx_nchw, w_ockk, strides, dilations, groups)
    INPUT_GRAD.run(dx_nchw, (w_ockk.reshape(-1), dy_nohw.reshape(-1)), scratch, sizes, words)
