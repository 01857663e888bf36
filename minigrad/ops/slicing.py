"""Parts of a tensor as views, and the adjoint that puts a part back among zeros."""

from __future__ import annotations

from typing import Any

from minigrad.autograd import Op, apply
from minigrad.backends.base import Spec
from minigrad.ops.arguments import as_axes, require_tensor
from minigrad.tensor import Tensor
from minigrad_kernels import shapes

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


def window(input: Tensor, axis: int, start: int, stop: int) -> Tensor:
    """Positions start to stop of one axis."""
    return apply(SLICE, (input,), ((slice(None),) * axis + (slice(start, stop),),))


def flip(input: Tensor, dims: Any, *others: int) -> Tensor:
    """The elements in reverse order along the axes `dims`: a view."""
    require_tensor("flip", input=input)
    axes = as_axes("flip", (dims, *others) if others else dims, input.ndim)
    index = tuple(slice(None, None, -1 if axis in axes else 1) for axis in range(input.ndim))
    return apply(SLICE, (input,), (index,))
