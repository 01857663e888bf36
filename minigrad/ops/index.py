"""`t[index]`: integers and slices are views; arrays of positions, and masks, gather along the axes they index.

The arrays broadcast together. What they select stands where they stood or, if other axes lie between them, in front:
NumPy's rule, with PyTorch's reading of integers, which are applied before the arrays are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd import apply
from minigrad.backends.base import Spec
from minigrad.errors import DataError, DTypeError, PositionError, ShapeError
from minigrad.ops.arguments import as_int, listed, require_tensor
from minigrad.ops.gather import take
from minigrad.ops.reduce import broadcast_shape
from minigrad.ops.shape import permute, reshape
from minigrad.ops.slicing import SLICE
from minigrad.tensor import Tensor, content_of, tensor


def getitem(input: Tensor, index: Any) -> Tensor:
    """Elements by position.

    Parameters
    ----------
    index
        One of these, or a tuple of them: integers, slices (steps of either sign), None and Ellipsis give a view;
        tensors, arrays and lists of integers take elements, and bool ones, which stand for as many axes as they have,
        those where they hold. Negative integers count from the end.

    Raises
    ------
    ShapeError
        If there are more indices than axes, an integer lies outside, a mask has other lengths, or the arrays do not
        broadcast.
    DTypeError
        If an index is no integer, or an array neither int64 nor int32 nor bool.
    DataError
        If an element of an array lies outside.
    """
    require_tensor("index", input=input)
    items = _normalised(input.spec, index)
    if not any(isinstance(item, np.ndarray) for item in items):
        return apply(SLICE, (input,), (tuple(items),))
    basic = tuple([slice(None) if isinstance(item, np.ndarray) else item for item in items])
    view = input if all(item == slice(None) for item in basic) else apply(SLICE, (input,), (basic,))
    kept = [item for item in items if not isinstance(item, int)]
    axes = [axis for axis, item in enumerate(kept) if isinstance(item, np.ndarray)]
    return _taken(view, axes, [kept[axis] for axis in axes])


def _taken(view: Tensor, axes: list[int], arrays: list[Any]) -> Tensor:
    """The elements of a view where arrays of non-negative positions, one an axis, say."""
    first, count = axes[0], len(axes)
    if axes[-1] - first >= count:
        first = 0
        view = permute(view, *axes, *[axis for axis in range(view.ndim) if axis not in axes])
    before, lengths, after = view.shape[:first], view.shape[first : first + count], view.shape[first + count :]
    shape = broadcast_shape("index", **{f"array_{n}": Spec(a.shape, dtypes.int64) for n, a in enumerate(arrays)})
    places = np.zeros(shape, np.int64)
    for array, length in zip(arrays, lengths, strict=True):
        places = places * length + array
    out = take(reshape(view, (*before, math.prod(lengths), *after)), first, places.ravel())
    return reshape(out, (*before, *shape, *after))


def _normalised(spec: Spec, index: Any) -> list[Any]:
    """An index without Ellipsis, integers checked against their axes, and arrays as non-negative positions."""
    items = [_as_array(item) for item in (index if isinstance(index, tuple) else (index,))]
    used = sum(_axes_of(item) for item in items)
    ellipses = sum(item is Ellipsis for item in items)
    if used > len(spec.shape) or ellipses > 1:
        raise ShapeError(listed(f"index: {used} indices and {ellipses} Ellipsis do not fit", input=spec))
    result: list[Any] = []
    axis = 0
    for item in items:
        if item is None:
            result.append(None)
        elif item is Ellipsis:
            result += [slice(None)] * (len(spec.shape) - used)
            axis += len(spec.shape) - used
        elif isinstance(item, np.ndarray):
            result += _checked_positions(spec, item, axis)
        elif isinstance(item, slice):
            result.append(_checked_slice(item))
        else:
            result.append(_checked_position(spec, item, axis))
        axis += _axes_of(item)
    return result


def _axes_of(item: Any) -> int:
    """How many axes an item of an index stands for."""
    if isinstance(item, np.ndarray) and item.dtype.kind == "b":
        return item.ndim
    return 0 if item is None or item is Ellipsis else 1


def _as_array(item: Any) -> Any:
    """A tensor or a list as a NumPy array, one without axes as a number; anything else as it is."""
    if isinstance(item, list | range):
        item = tensor(list(item), None if len(item) else dtypes.int64)
    if isinstance(item, Tensor):
        item = content_of("index", item)
    if not isinstance(item, np.ndarray):
        return item
    if not item.ndim:
        return item.item()
    if item.dtype not in (dtypes.int64, dtypes.int32, dtypes.bool_):
        raise DTypeError(f"index: an array of positions must be int64, int32 or bool, this is {item.dtype}")
    return item


def _checked_positions(spec: Spec, array: Any, axis: int) -> list[Any]:
    """Non-negative positions: of an array along its axis, of what a mask holds true along each of its axes."""
    length = spec.shape[axis]
    if array.dtype.kind == "b":
        if array.shape != spec.shape[axis : axis + array.ndim]:
            message = f"index: a mask must have the lengths of its axes, from axis {axis} on, it has {array.shape}"
            raise ShapeError(listed(message, input=spec))
        return list(array.nonzero())
    if array.size and not -length <= array.min() <= array.max() < length:
        message = f"index: positions along axis {axis} must lie in [{-length}, {length}), they span"
        raise DataError(listed(f"{message} [{array.min()}, {array.max()}]", input=spec))
    return [array.astype(np.int64) % max(length, 1)]


def _checked_slice(item: slice) -> slice:
    ends = [
        None if end is None else as_int("index", "a slice's end or step", end)
        for end in (item.start, item.stop, item.step)
    ]
    if ends[2] == 0:
        raise ShapeError("index: a slice's step must not be 0")
    return slice(*ends)


def _checked_position(spec: Spec, item: Any, axis: int) -> int:
    position = as_int("index", "an index", item)
    length = spec.shape[axis]
    if not -length <= position < length:
        raise PositionError(listed(f"index: {position} is outside axis {axis} of length {length}", input=spec))
    return position % length
