"""Indexing and joining: slice and embed are adjoints, so are gather and its gradient; cat's adjoint is slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from minigrad import dtypes
from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.ops.arguments import as_axis, as_int, common_dtype, listed, require_tensor
from minigrad.ops.reduce import amax, argmax
from minigrad.ops.shape import unsqueeze
from minigrad.tensor import Tensor
from minigrad_kernels import shapes

Index = tuple[int | slice | None, ...]

SLICE: Op = Op(
    "slice",
    ("input",),
    lambda x, index: Spec(shapes.sliced_shape(x.shape, index), x.dtype),
    params=("index",),
    vjp={"input": lambda grad, input_spec, index: apply(EMBED, (grad,), (index, input_spec.shape))},
    linear_in=("input",),
    view=True,
)
EMBED: Op = Op(
    "embed",
    ("input",),
    lambda x, index, shape: Spec(shape, x.dtype),
    params=("index",),
    out_params=("shape",),
    vjp={"input": lambda grad, index: apply(SLICE, (grad,), (index,))},
    linear_in=("input",),
)


def _cat_infer(*specs_and_axis: Any) -> Spec:
    *specs, axis = specs_and_axis
    shape = list(specs[0].shape)
    shape[axis] = sum(spec.shape[axis] for spec in specs)
    return Spec(tuple(shape), specs[0].dtype)


def _cat_rule(grad: Tensor, position: int, specs: Sequence[Spec], axis: int) -> Tensor:
    start = sum(spec.shape[axis] for spec in specs[:position])
    window = slice(start, start + specs[position].shape[axis])
    return apply(SLICE, (grad,), ((slice(None),) * axis + (window,),))


CAT: Op = Op(
    "cat", ("tensors",), _cat_infer, params=("axis",), vjp={"tensors": _cat_rule}, linear_in=("tensors",), variadic=True
)
GATHER: Op = Op(
    "gather",
    ("input", "index"),
    lambda x, index, axis: Spec(index.shape, x.dtype),
    params=("axis",),
    vjp={
        "input": lambda grad, index, input_spec, axis: apply(GATHER_INPUT_GRAD, (grad, index), (axis, input_spec.shape))
    },
    linear_in=("input",),
)
GATHER_INPUT_GRAD: Op = Op(
    "gather_input_grad",
    ("dy", "index"),
    lambda dy, index, axis, shape: Spec(shape, dy.dtype),
    params=("axis",),
    out_params=("shape",),
    vjp={"dy": lambda grad, index, axis: apply(GATHER, (grad, index), (axis,))},
    linear_in=("dy",),
)


class MaxResult(NamedTuple):
    """Maxima along an axis, and where they were found."""

    values: Tensor
    indices: Tensor


def getitem(input: Tensor, index: Any) -> Tensor:
    """Basic indexing, a view: integers, slices (steps of either sign), None and Ellipsis."""
    require_tensor("index", input=input)
    return apply(SLICE, (input,), (_normalised(input.spec, index),))


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """Zeros around a tensor: `pad` holds (before, after) pairs, the last axis first, as in PyTorch."""
    require_tensor("pad", input=input)
    if mode != "constant" or value != 0:
        raise ShapeError(f"pad: only mode='constant' with value=0 is implemented, got mode={mode!r}, value={value}")
    amounts = [as_int("pad", "an amount", amount, minimum=0) for amount in pad]
    if len(amounts) % 2 or len(amounts) > 2 * input.ndim:
        raise ShapeError(
            listed(f"pad: a (before, after) pair for some of the axes, got {len(amounts)} numbers", input=input.spec)
        )
    shape, index = list(input.shape), [slice(None)] * input.ndim
    for pair in range(len(amounts) // 2):
        axis, before, after = input.ndim - 1 - pair, amounts[2 * pair], amounts[2 * pair + 1]
        index[axis] = slice(before, before + shape[axis])
        shape[axis] += before + after
    return apply(EMBED, (input,), (tuple(index), tuple(shape)))


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors joined along an existing axis; the other axes and the dtypes are equal."""
    tensors = list(tensors)
    if not tensors:
        raise ShapeError("cat: at least one tensor is required, got none")
    require_tensor("cat", **{f"tensor_{position}": given for position, given in enumerate(tensors)})
    common_dtype("cat", tensors)
    axis = as_axis("cat", dim, tensors[0].ndim)
    first = tensors[0].shape
    for position, given in enumerate(tensors):
        if given.ndim != len(first) or any(a != axis and given.shape[a] != first[a] for a in range(len(first))):
            specs = {"tensor_0": tensors[0].spec, f"tensor_{position}": given.spec}
            raise ShapeError(listed(f"cat: shapes must be equal but for axis {axis}", **specs))
    return apply(CAT, tensors, (axis,))


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis."""
    for position, given in enumerate(tensors):
        require_tensor("stack", **{f"tensor_{position}": given})
        if given.shape != tensors[0].shape:
            specs = {"tensor_0": tensors[0].spec, f"tensor_{position}": given.spec}
            raise ShapeError(listed("stack: shapes must be equal", **specs))
    return cat([unsqueeze(given, dim) for given in tensors], dim)


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """out[i][j][k] = input[index[i][j][k]][j][k] for dim 0, and likewise for other axes.

    Parameters
    ----------
    index
        Integers in [0, length of the axis); as many axes as input, none of the others longer than input's.
    """
    require_tensor("gather", input=input, index=index)
    axis = as_axis("gather", dim, input.ndim)
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise DTypeError(listed("gather: index must be int64; write index.to(minigrad.int64)", index=index.spec))
    fits = index.ndim == input.ndim and all(a == axis or index.shape[a] <= input.shape[a] for a in range(input.ndim))
    if not fits:
        message = f"gather: index must have input's axes, none but axis {axis} longer"
        raise ShapeError(listed(message, input=input.spec, index=index.spec))
    require_in_range("gather", "index", index, input.shape[axis])
    return apply(GATHER, (input, index.to(dtypes.int64)), (axis,))


def require_in_range(op: str, name: str, index: Tensor, length: int) -> None:
    """Raise DataError unless all elements lie in [0, length)."""
    values = index.backend.to_numpy(index.array)
    if values.size and (values.min() < 0 or values.max() >= length):
        raise DataError(f"{op}: {name} must lie in [0, {length}), it spans [{values.min()}, {values.max()}]")


def max(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor | MaxResult:
    """The maximum of all elements; with `dim`, maxima along an axis and the index of the first of each.

    Over all elements, equal maxima share the gradient; along an axis, the first takes it. NaN propagates.
    """
    if dim is None:
        return amax(input)
    indices = argmax(input, dim, keepdim=True)
    values = apply(GATHER, (input, indices), (as_axis("max", dim, input.ndim),))
    if keepdim:
        return MaxResult(values, indices)
    return MaxResult(values.squeeze(dim), indices.squeeze(dim))


def _normalised(spec: Spec, index: Any) -> Index:
    """An index as a tuple without Ellipsis, integers checked against their axes."""
    items = index if isinstance(index, tuple) else (index,)
    used = sum(item is not None and item is not Ellipsis for item in items)
    ellipses = sum(item is Ellipsis for item in items)
    if used > len(spec.shape) or ellipses > 1:
        raise ShapeError(listed(f"index: {used} indices and {ellipses} Ellipsis do not fit", input=spec))
    result: list[int | slice | None] = []
    axis = 0
    for item in items:
        if item is None:
            result.append(None)
        elif item is Ellipsis:
            result += [slice(None)] * (len(spec.shape) - used)
            axis += len(spec.shape) - used
        elif isinstance(item, slice):
            result.append(_checked_slice(item))
            axis += 1
        else:
            result.append(_checked_position(spec, item, axis))
            axis += 1
    return tuple(result)


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
        raise ShapeError(listed(f"index: {position} is outside axis {axis} of length {length}", input=spec))
    return position % length
