"""What slides windows over images: checks, and output sizes with an error that shows the formula and its numbers."""

from __future__ import annotations

from minigrad.backends.base import Spec
from minigrad.errors import ShapeError
from minigrad.ops.arguments import listed, require_ndim
from minigrad.tensor import Tensor
from minigrad_kernels import shapes
from minigrad_kernels.shapes import uncovered

__all__ = ["count_windows", "is_one_image", "uncovered"]


def is_one_image(op: str, input: Tensor) -> bool:
    """Whether the input is (C, H, W), without a batch; ShapeError unless it is that or (N, C, H, W)."""
    if input.ndim != 3:
        require_ndim(op, 4, "(N, C, H, W), or 3 axes, (C, H, W)", input=input)
    return input.ndim == 3


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
