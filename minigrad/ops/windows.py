"""What slides windows over images: checks, and output sizes with an error that shows the formula and its numbers."""

from __future__ import annotations

from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import listed, require_float, require_ndim
from minigrad.ops.shape import reshape
from minigrad.tensor import Tensor
from minigrad_kernels import shapes
from minigrad_kernels.shapes import uncovered

__all__ = ["as_batch", "count_windows", "require_images", "unbatched", "uncovered"]


def require_images(op: str, input: Tensor, axes: str = "C, H, W") -> None:
    """Raise an error unless the input is float and has these axes, which are one image's, or a batch's before them."""
    require_float(op, input=input)
    ndim = axes.count(",") + 1
    if input.ndim != ndim:
        require_ndim(op, ndim + 1, f"(N, {axes}), or {ndim} axes, ({axes})", input=input)


def as_batch(op: str, input: Tensor, axes: str = "C, H, W") -> Tensor:
    """The input, or if it is one image, which has these axes, a batch of it alone."""
    require_images(op, input, axes)
    return input if input.ndim > axes.count(",") + 1 else reshape(input, 1, *input.shape)


def unbatched(out: Tensor, batch: Tensor, input: Tensor) -> Tensor:
    """What was made of a batch; if that was made of one image, without the axis that it has got."""
    return out if batch is input else reshape(out, out.shape[1:])


def count_windows(
    op: str,
    side: str,
    length: int,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    *,
    ceil_mode: bool = False,
    **specs: Spec,
) -> int:
    """Windows along one axis; ShapeError, with a line for each spec, where none fits."""
    size = shapes.window_output_size(length, kernel, stride, padding, dilation, ceil_mode)
    if size < 1:
        span = dilation * (kernel - 1) + 1
        rounding = "ceil" if ceil_mode else "floor"
        formula = f"{rounding}(({length} + 2*{padding} - {span}) / {stride}) + 1 = {size}"
        raise ShapeError(listed(f"{op}: no window fits: output {side} = {formula}", **specs))
    return size
