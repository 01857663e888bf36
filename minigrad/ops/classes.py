"""Scores and target classes, as the losses of classification take them."""

from __future__ import annotations

from minigrad import dtypes
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.ops.arguments import as_int, listed, require_float, require_same_dtype, require_tensor
from minigrad.ops.create import arange
from minigrad.ops.gather import as_index, gather, require_in_range
from minigrad.ops.shape import reshape, squeeze, unsqueeze
from minigrad.tensor import Tensor


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Out[..., c] = 1 where tensor[...] is c, else 0, as int64.

    Parameters
    ----------
    tensor
        Classes from 0 on, int64, of any shape.
    num_classes
        The length of the new last axis; -1 for the largest class + 1.

    Raises
    ------
    DataError
        If an element is no class, or there is none from which to tell their number.
    """
    classes = as_index("one_hot", "tensor", tensor)
    count = as_int("one_hot", "num_classes", num_classes, minimum=-1)
    if count == -1:
        if not classes.numel():
            raise DataError("one_hot: num_classes is required, for a tensor without elements does not tell it")
        count = int(classes.amax()) + 1
    require_in_range("one_hot", "tensor", classes, count)
    return (unsqueeze(classes, -1) == arange(count, device=classes.device)).to(dtypes.int64)


def require_classes(op: str, input: Tensor, target: Tensor, weight: Tensor | None) -> int:
    """The axis of classes in scores (N, C, d1, ...) or (C,), for targets without it; raise an error unless they fit."""
    require_float(op, input=input)
    require_tensor(op, target=target)
    if input.ndim == 0 or target.shape != (input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()):
        message = f"{op}: target must have input's shape without the class axis"
        raise ShapeError(listed(message, input=input.spec, target=target.spec))
    if target.dtype not in (dtypes.int64, dtypes.int32, dtypes.uint8):
        message = f"{op}: target must hold classes as int64; write target.to(minigrad.int64)"
        raise DTypeError(listed(message, target=target.spec))
    axis = min(1, input.ndim - 1)
    if weight is not None:
        require_float(op, weight=weight)
        require_same_dtype(op, input=input, weight=weight)
        if weight.shape != (input.shape[axis],):
            message = f"{op}: weight must have one element for each class"
            raise ShapeError(listed(message, input=input.spec, weight=weight.spec))
    return axis


def pick(input: Tensor, classes: Tensor, axis: int) -> Tensor:
    """The score of each target's class."""
    return squeeze(gather(input, axis, unsqueeze(classes, axis)), axis)


def weights_of(classes: Tensor, weight: Tensor) -> Tensor:
    """The weight of each target's class."""
    return reshape(gather(weight, 0, reshape(classes, -1)), classes.shape)
