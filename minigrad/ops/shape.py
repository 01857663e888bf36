"""Ops that only rearrange axes: views, whose adjoints are the reverse rearrangement."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import as_axis, as_int, as_shape, listed, require_tensor, unpacked
from minigrad.tensor import Tensor
from minigrad_kernels import shapes

RESHAPE: Op = Op(
    "reshape",
    ("input",),
    lambda x, shape: Spec(shape, x.dtype),
    params=("shape",),
    vjp={"input": lambda grad, input_spec: reshape(grad, input_spec.shape)},
    linear_in=("input",),
    view=True,
)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


PERMUTE: Op = Op(
    "permute",
    ("input",),
    lambda x, axes: Spec(tuple([x.shape[axis] for axis in axes]), x.dtype),
    params=("axes",),
    vjp={"input": lambda grad, axes: apply(PERMUTE, (grad,), (_inverse(axes),))},
    linear_in=("input",),
    view=True,
)


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements, in row-major order, in another shape; one length may be -1.

    Shares memory where the strides allow, copies where they do not.
    """
    require_tensor("reshape", input=input)
    requested = as_shape("reshape", shape)
    if requested == input.spec.shape:
        return input
    try:
        lengths = shapes.reshaped(input.spec.shape, requested)
    except ValueError as error:
        raise ShapeError(listed(f"reshape: {error}", input=input.spec)) from None
    return input if lengths == input.shape else apply(RESHAPE, (input,), (lengths,))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes start_dim to end_dim, both included, made one."""
    require_tensor("flatten", input=input)
    if input.ndim == 0:
        return reshape(input, 1)
    start = as_axis("flatten", start_dim, input.ndim, "start_dim")
    end = as_axis("flatten", end_dim, input.ndim, "end_dim")
    if start > end:
        raise ShapeError(f"flatten: start_dim must not come after end_dim, got {start_dim} and {end_dim}")
    merged = Spec(input.shape[start : end + 1], input.dtype).size
    return reshape(input, (*input.shape[:start], merged, *input.shape[end + 1 :]))


def permute(input: Tensor, *dims: Any) -> Tensor:
    """The axes in another order: output axis i is input axis dims[i]."""
    require_tensor("permute", input=input)
    axes = tuple(as_axis("permute", dim, input.ndim) for dim in unpacked(dims))
    if sorted(axes) != list(range(input.ndim)):
        message = f"permute: each of the {input.ndim} axes must be named once, got {dims}"
        raise ShapeError(listed(message, input=input.spec))
    return input if axes == tuple(range(input.ndim)) else apply(PERMUTE, (input,), (axes,))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged."""
    require_tensor("transpose", input=input)
    axes = list(range(input.ndim))
    first, second = (as_axis("transpose", dim, input.ndim, name) for name, dim in (("dim0", dim0), ("dim1", dim1)))
    axes[first], axes[second] = second, first
    return apply(PERMUTE, (input,), (tuple(axes),))


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Axes of length 1 removed: all of them, or those that `dim` names; an axis of another length stays."""
    require_tensor("squeeze", input=input)
    if dim is None:
        named = set(range(input.ndim))
    else:
        named = {as_axis("squeeze", item, input.ndim) for item in (dim if isinstance(dim, tuple | list) else (dim,))}
    kept = tuple(length for axis, length in enumerate(input.shape) if length != 1 or axis not in named)
    return reshape(input, kept)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A new axis of length 1 before axis `dim`; negative ones count from the end of the result."""
    require_tensor("unsqueeze", input=input)
    axis = as_axis("unsqueeze", as_int("unsqueeze", "dim", dim), input.ndim + 1)
    return reshape(input, (*input.shape[:axis], 1, *input.shape[axis:]))
