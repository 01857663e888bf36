"""Transposed convolution: the input gradient of a convolution, run forward."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import apply
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import Pair, as_int, as_pair, listed
from minigrad.ops.conv import CONV2D_INPUT_GRAD, require_kernel, require_operands
from minigrad.ops.index import getitem
from minigrad.ops.pad import pad
from minigrad.ops.shape import reshape
from minigrad.ops.windows import as_batch, unbatched
from minigrad.tensor import Tensor
from minigrad_kernels import shapes

_NAME = "conv_transpose2d"


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """Transposed convolution: what `conv2d` with this weight and geometry does to gradients, a learned upsampling.

    y[n, o, p*s + i*d - pad, q*s + j*d - pad] sums x[n, c, p, q] * w[c, o, i, j] over c, p, q, i, j, and b[o] is added.
    Output sizes are (H - 1)*s - 2*pad + d*(k - 1) + 1 + output_padding.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    weight
        (C, O / groups, kernel height, kernel width), of the same dtype.
    bias
        (O,), or None.
    stride, padding, dilation
        An integer or a pair (height, width). The padding is what is cut off on every side.
    output_padding
        An integer or a pair: rows and columns more at the end, fewer than the stride or the dilation.
    groups
        Channels and outputs are split into so many groups that do not see each other.

    Raises
    ------
    ShapeError
        If channels, groups or bias do not fit, or nothing is left of the output.

    References
    ----------
    .. [1] Dumoulin, Visin, A guide to convolution arithmetic for deep learning, 2016, section 4.
    """
    require_operands(_NAME, input, weight, bias, "(C, O / groups, kernel height, kernel width)")
    images = as_batch(_NAME, input)
    groups = as_int(_NAME, "groups", groups, 1)
    _require_channels(images.spec, weight.spec, None if bias is None else bias.spec, groups)
    strides, dilations = as_pair(_NAME, "stride", stride, 1), as_pair(_NAME, "dilation", dilation, 1)
    pads, extra = as_pair(_NAME, "padding", padding, 0), as_pair(_NAME, "output_padding", output_padding, 0)
    require_output_padding(_NAME, extra, strides, dilations)
    size = _output_size(images.spec, weight.spec, strides, pads, dilations, extra)
    out = _transposed(images, weight, (strides, pads, dilations), size, extra, groups)
    return unbatched(out if bias is None else out + reshape(bias, (-1, 1, 1)), images, input)


def require_output_padding(
    op: str, extra: tuple[int, ...], strides: tuple[int, ...], dilations: tuple[int, ...]
) -> None:
    """Raise ShapeError unless each side's output_padding is below its stride or its dilation."""
    if any(e >= max(s, d) for e, s, d in zip(extra, strides, dilations, strict=True)):
        raise ShapeError(f"{op}: output_padding must be below the stride or the dilation, got {extra}")


def _require_channels(x: Spec, w: Spec, bias: Spec | None, groups: int) -> None:
    if x.shape[1] != w.shape[0]:
        message = f"{_NAME}: input has {x.shape[1]} channels but weight expects {w.shape[0]}"
        raise ShapeError(listed(message, input=x, weight=w))
    if w.shape[0] % groups:
        raise ShapeError(listed(f"{_NAME}: {w.shape[0]} channels do not divide into {groups} groups", weight=w))
    outputs = groups * w.shape[1]
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(listed(f"{_NAME}: bias must have shape ({outputs},)", weight=w, bias=bias))
    require_kernel(_NAME, w)


def _output_size(x: Spec, w: Spec, strides: Pair, pads: Pair, dilations: Pair, extra: Pair) -> Pair:
    sizes = []
    for side, name in enumerate(("height", "width")):
        numbers = x.shape[2 + side], w.shape[2 + side], strides[side], pads[side], dilations[side], extra[side]
        size = shapes.transposed_output_size(*numbers)
        if size < 1 or numbers[0] < 1:
            length, kernel, stride, padding, dilation, more = numbers
            formula = f"({length} - 1)*{stride} - 2*{padding} + {dilation}*({kernel} - 1) + 1 + {more} = {size}"
            raise ShapeError(listed(f"{_NAME}: nothing is left: output {name} = {formula}", input=x, weight=w))
        sizes.append(size)
    return sizes[0], sizes[1]


def _transposed(
    input: Tensor, weight: Tensor, window: tuple[Pair, Pair, Pair], size: Pair, extra: Pair, groups: int
) -> Tensor:
    strides, pads, dilations = window
    if all(e < s for e, s in zip(extra, strides, strict=True)):
        return apply(CONV2D_INPUT_GRAD, (input, weight), (*strides, *pads, *dilations, groups, *size))
    # The convolution of so large an image has more windows than input has elements: make all rows, then cut.
    whole = _transposed(input, weight, (strides, (0, 0), dilations), _uncut(size, pads, extra), (0, 0), groups)
    bottom, right = extra
    top, left = pads
    return getitem(pad(whole, (0, right, 0, bottom)), (..., slice(top, top + size[0]), slice(left, left + size[1])))


def _uncut(size: Pair, pads: Pair, extra: Pair) -> Pair:
    """The size of the output without padding and output_padding."""
    height, width = (length + 2 * p - e for length, p, e in zip(size, pads, extra, strict=True))
    return height, width
