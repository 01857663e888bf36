"""Pooling by the number of windows, and the way back from maxima: compositions of pooling, slices and gathers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, overload

from minigrad import dtypes
from minigrad.autograd import apply
from minigrad.errors import DTypeError, ShapeError
from minigrad.ops.arguments import Pair, as_flag, as_pair, listed, require_tensor
from minigrad.ops.compare import maximum
from minigrad.ops.create import ones_like
from minigrad.ops.extremes import max
from minigrad.ops.gather import GATHER_INPUT_GRAD, gather, require_in_range
from minigrad.ops.join import cat
from minigrad.ops.pool import avg_pool2d, max_pool2d
from minigrad.ops.reduce import mean
from minigrad.ops.shape import flatten, reshape
from minigrad.ops.slicing import window
from minigrad.ops.windows import require_images
from minigrad.tensor import Tensor

_MOST_WINDOWS = 2**16


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Mean of each of P windows that cover an axis: the i-th spans floor(i*H / P) to ceil((i + 1)*H / P) - 1.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    output_size
        P, an integer or a pair (height, width), in which None keeps the input's length. 1 pools each channel into one.
    """
    size = _output_size("adaptive_avg_pool2d", output_size, input)
    kernel = _common_kernel(input, size)
    if kernel is not None:
        return avg_pool2d(input, kernel)
    for axis, count in enumerate(size, start=input.ndim - 2):
        input = cat([mean(part, axis, keepdim=True) for _, part in _windows(input, axis, count)], axis)
    return input


@overload
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: Literal[False] = False) -> Tensor: ...
@overload
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: Literal[True]) -> tuple[Tensor, Tensor]: ...
def adaptive_max_pool2d(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Largest element of each of the windows of `adaptive_avg_pool2d`, whose other arguments it has.

    The first of equal maxima wins and takes the gradient; NaN wins.

    Parameters
    ----------
    return_indices
        Return (output, indices): for each maximum its h * W + w in its channel, int64.
    """
    size = _output_size("adaptive_max_pool2d", output_size, input)
    as_flag("adaptive_max_pool2d", "return_indices", return_indices)
    if 0 in input.shape[-2:]:
        message = "adaptive_max_pool2d: an axis without elements has no maximum"
        raise ShapeError(listed(message, input=input.spec))
    kernel = _common_kernel(input, size)
    out, indices = _uneven_max(input, size) if kernel is None else max_pool2d(input, kernel, return_indices=True)
    return (out, indices) if return_indices else out


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Maxima back at the places they were found in, zeros elsewhere; those of one place are averaged.

    Parameters
    ----------
    input
        (N, C, H, W), or (C, H, W) for one image; float.
    indices
        int64, of input's shape: h * W' + w in the output's channel, as `max_pool2d` returns them.
    kernel_size, stride, padding
        Those of the pooling. The stride is by default the kernel size.
    output_size
        (H', W'), also with N and C before them; by default (H - 1)*s - 2*pad + k, from which it may differ by less
        than a stride: that much the pooling may have rounded off.

    Raises
    ------
    ShapeError
        If the shapes differ, or no pooling makes the input of that output size.
    DataError
        If an index lies outside the output.

    References
    ----------
    .. [1] Zeiler, Fergus, Visualizing and understanding convolutional networks, 2014, section 2.1.
    """
    require_tensor("max_unpool2d", indices=indices)
    require_images("max_unpool2d", input)
    if indices.dtype != dtypes.int64:
        message = "max_unpool2d: indices must be int64; write indices.to(minigrad.int64)"
        raise DTypeError(listed(message, indices=indices.spec))
    if indices.shape != input.shape:
        raise ShapeError(listed("max_unpool2d: shapes must be equal", input=input.spec, indices=indices.spec))
    height, width = _unpooled_size(input, kernel_size, stride, padding, output_size)
    require_in_range("max_unpool2d", "indices", indices, height * width)
    axis = input.ndim - 2
    places, shape = flatten(indices, axis), (*input.shape[:axis], height * width)

    def scattered(x: Tensor) -> Tensor:
        return apply(GATHER_INPUT_GRAD, (x, places), (axis, shape))

    maxima = flatten(input, axis)
    mean_maxima = scattered(maxima) / maximum(scattered(ones_like(maxima)), 1.0)
    return reshape(mean_maxima, (*shape[:axis], height, width))


def _output_size(op: str, output_size: Any, input: Tensor) -> Pair:
    require_images(op, input)
    if isinstance(output_size, tuple | list):
        sides = zip(output_size, input.shape[-2:], strict=False)
        output_size = [*(side if length is None else length for length, side in sides), *output_size[2:]]
    size = as_pair(op, "output_size", output_size, 1)
    if size[0] > _MOST_WINDOWS or size[1] > _MOST_WINDOWS:
        raise ShapeError(f"{op}: output_size must be at most {_MOST_WINDOWS}, got {size}")
    return size


def _common_kernel(input: Tensor, size: Pair) -> Pair | None:
    """The size of the windows if all are equally large and do not overlap."""
    height, width = input.shape[-2:]
    if height and width and height % size[0] == width % size[1] == 0:
        return height // size[0], width // size[1]
    return None


def _windows(x: Tensor, axis: int, count: int) -> Iterator[tuple[int, Tensor]]:
    """Each window along an axis: where it starts, and what it covers."""
    length = x.shape[axis]
    for i in range(count):
        start, end = i * length // count, -(-(i + 1) * length // count)
        yield start, window(x, axis, start, end)


def _uneven_max(input: Tensor, size: Pair) -> tuple[Tensor, Tensor]:
    """Maxima of the rows of the windows, then those of the maxima: the first in row-major order."""
    axis = input.ndim - 2
    row_maxima, columns = _first_maxima(input.detach(), axis + 1, size[1])
    _, rows = _first_maxima(row_maxima, axis, size[0])
    indices = rows * input.shape[-1] + gather(columns, axis, rows)
    return reshape(gather(flatten(input, axis), axis, flatten(indices, axis)), indices.shape), indices


def _first_maxima(x: Tensor, axis: int, count: int) -> tuple[Tensor, Tensor]:
    """Maxima of the windows along an axis, and their places on it."""
    found = [(start, max(part, axis, keepdim=True)) for start, part in _windows(x, axis, count)]
    values, places = zip(*((values, indices + start) for start, (values, indices) in found), strict=True)
    return cat(values, axis), cat(places, axis)


def _unpooled_size(input: Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any) -> Pair:
    kernel = as_pair("max_unpool2d", "kernel_size", kernel_size, 1)
    strides = kernel if stride is None else as_pair("max_unpool2d", "stride", stride, 1)
    pads = as_pair("max_unpool2d", "padding", padding, 0)
    sides = zip(input.shape[-2:], kernel, strides, pads, strict=True)
    height, width = default = tuple((length - 1) * s - 2 * pad + k for length, k, s, pad in sides)
    if output_size is not None:
        spatial = output_size[2:] if isinstance(output_size, tuple | list) and len(output_size) == 4 else output_size
        height, width = as_pair("max_unpool2d", "output_size", spatial, 1)
    if min(height, width) < 1 or abs(height - default[0]) >= strides[0] or abs(width - default[1]) >= strides[1]:
        message = f"max_unpool2d: the output must be less than a stride {strides} from {default}, got {(height, width)}"
        raise ShapeError(listed(message, input=input.spec))
    return height, width
