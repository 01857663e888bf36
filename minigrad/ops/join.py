"""Tensors joined along an axis, and cut up along one: slices are the adjoint of cat."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_axis, as_int, as_list, common_dtype, listed, require_tensor
from minigrad.ops.shape import unsqueeze
from minigrad.ops.slicing import window
from minigrad.tensor import Tensor


def _cat_infer(*specs_and_params: Any) -> Spec:
    (*shape,), dtype = specs_and_params[0]
    axis, bounds = specs_and_params[-2:]
    shape[axis] = bounds[-1]
    return Spec(tuple(shape), dtype)


def _cat_rule(grad: Tensor, position: int, axis: int, bounds: Sequence[int]) -> Tensor:
    return window(grad, axis, bounds[position], bounds[position + 1])


# bounds: where each tensor begins, and the length of all.
CAT: Op = Op(
    "cat", ("tensors",), _cat_infer, params=("axis",), out_params=("bounds",),
    vjp={"tensors": _cat_rule}, linear_in=("tensors",), variadic=True,
)  # fmt: skip


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors joined along an existing axis; the other axes and the dtypes are equal."""
    tensors = _given("cat", tensors)
    common_dtype("cat", tensors)
    axis = as_axis("cat", dim, tensors[0].ndim)
    first = tensors[0].shape
    for position, given in enumerate(tensors):
        if given.ndim != len(first) or any(a != axis and given.shape[a] != first[a] for a in range(len(first))):
            specs = {"tensor_0": tensors[0].spec, f"tensor_{position}": given.spec}
            raise ShapeError(listed(f"cat: shapes must be equal but for axis {axis}", **specs))
    bounds = tuple(accumulate((given.shape[axis] for given in tensors), initial=0))
    return apply(CAT, tensors, (axis, bounds))


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis."""
    tensors = _given("stack", tensors)
    for position, given in enumerate(tensors):
        if given.shape != tensors[0].shape:
            specs = {"tensor_0": tensors[0].spec, f"tensor_{position}": given.spec}
            raise ShapeError(listed("stack: shapes must be equal", **specs))
    axis = as_axis("stack", dim, tensors[0].ndim + 1)
    return cat([unsqueeze(given, axis) for given in tensors], axis)


def _given(op: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    given = as_list(op, "tensors", tensors, "tensors")
    if not given:
        raise ShapeError(f"{op}: at least one tensor is required, got none")
    require_tensor(op, **{f"tensor_{position}": tensor for position, tensor in enumerate(given)})
    return given


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of successive parts along an axis.

    Parameters
    ----------
    split_size_or_sections
        The length of a part, of which the last may be shorter; or the lengths of all parts.

    Raises
    ------
    ShapeError
        If the lengths do not add up to that of the axis.
    """
    require_tensor("split", tensor=tensor)
    axis = as_axis("split", dim, tensor.ndim)
    length = tensor.shape[axis]
    if isinstance(split_size_or_sections, tuple | list):
        sizes = [as_int("split", "a size", size, minimum=0) for size in split_size_or_sections]
    else:
        size = as_int("split", "the size", split_size_or_sections, minimum=min(length, 1))
        sizes = [min(size, length - start) for start in range(0, length, size or 1)] or [0]
    if sum(sizes) != length:
        message = f"split: sizes must add up to {length}, the length of axis {axis}, got {sizes}"
        raise ShapeError(listed(message, tensor=tensor.spec))
    return tuple(window(tensor, axis, stop - size, stop) for size, stop in zip(sizes, accumulate(sizes), strict=True))


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of at most `chunks` parts along an axis: as `split`, ceil(length / chunks) elements each."""
    require_tensor("chunk", input=input)
    length = input.shape[as_axis("chunk", dim, input.ndim)]
    count = as_int("chunk", "chunks", chunks, minimum=1)
    return split(input, -(-length // count) if length else [0] * count, dim)
