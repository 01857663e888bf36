"""Elements at positions that a tensor holds: gather and its adjoint, which adds up what is taken twice."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.ops.arguments import as_axis, listed, require_same_dtype, require_tensor
from minigrad.ops.reduce import expand
from minigrad.ops.shape import reshape
from minigrad.ops.slicing import SLICE
from minigrad.tensor import Tensor, wrap

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


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """out[i][j][k] = input[index[i][j][k]][j][k] for dim 0, and likewise for other axes.

    Parameters
    ----------
    index
        Integers in [0, length of the axis); as many axes as input, none of the others longer than input's.
    """
    require_tensor("gather", input=input, index=index)
    axis = as_axis("gather", dim, input.ndim)
    return apply(GATHER, (input, _places("gather", input, axis, index)), (axis,))


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Input, and added to it src[i][j][k] at [index[i][j][k]][j][k] for dim 0, and likewise for other axes.

    Parameters
    ----------
    index
        Integers in [0, length of the axis); as many axes as input, none of the others longer than input's.
    src
        Of input's dtype; no axis is shorter than index's, and what index does not reach is not added.
    """
    require_tensor("scatter_add", input=input, index=index, src=src)
    require_same_dtype("scatter_add", input=input, src=src)
    axis = as_axis("scatter_add", dim, input.ndim)
    places = _places("scatter_add", input, axis, index)
    if src.ndim != index.ndim or any(wanted > there for wanted, there in zip(index.shape, src.shape, strict=True)):
        message = "scatter_add: index must have src's axes, none of them longer"
        raise ShapeError(listed(message, index=index.spec, src=src.spec))
    used = apply(SLICE, (src,), (tuple(slice(length) for length in index.shape),))
    return input + apply(GATHER_INPUT_GRAD, (used, places), (axis, input.shape))


def take(input: Tensor, axis: int, places: Any) -> Tensor:
    """The slices of a tensor at the places, non-negative ones in a NumPy array of one axis, along an axis."""
    index = reshape(wrap(places, input.backend), (places.size, *(1,) * (input.ndim - axis - 1)))
    return apply(GATHER, (input, expand(index, (*input.shape[:axis], places.size, *input.shape[axis + 1 :]))), (axis,))


def as_index(op: str, name: str, index: Tensor) -> Tensor:
    """Positions as int64; DTypeError unless they are int64 or int32."""
    require_tensor(op, **{name: index})
    if index.dtype not in (dtypes.int64, dtypes.int32):
        message = f"{op}: {name} must be int64; write {name}.to(minigrad.int64)"
        raise DTypeError(listed(message, **{name: index.spec}))
    return index.to(dtypes.int64)


def in_range(index: Tensor, length: int) -> bool:
    """Whether all elements lie in [0, length), which is looked at in host memory alone."""
    if not index.backend.on_host:
        return True
    values = index.backend.to_numpy(index.array)
    # Read as unsigned, a negative one is too large as well.
    return not values.size or bool(values.view(f"u{values.itemsize}").max() < length)


def require_in_range(op: str, name: str, index: Tensor, length: int) -> None:
    """Raise DataError unless all elements lie in [0, length); on a GPU they are not looked at."""
    if not in_range(index, length):
        values = index.backend.to_numpy(index.array)
        raise DataError(f"{op}: {name} must lie in [0, {length}), it spans [{values.min()}, {values.max()}]")


def _places(op: str, input: Tensor, axis: int, index: Tensor) -> Tensor:
    """An index along an axis of input as int64; an error of ours unless it fits."""
    places = as_index(op, "index", index)
    fits = index.ndim == input.ndim and all(a == axis or index.shape[a] <= input.shape[a] for a in range(input.ndim))
    if not fits:
        message = f"{op}: index must have input's axes, none but axis {axis} longer"
        raise ShapeError(listed(message, input=input.spec, index=index.spec))
    require_in_range(op, "index", index, input.shape[axis])
    return places
