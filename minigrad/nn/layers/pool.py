"""Layers that reduce windows of an image."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from minigrad.nn import functional as F
from minigrad.nn.layers.settings import Flag, Layer, Padding, Size, as_size
from minigrad.tensor import Tensor


@dataclass(eq=False, repr=False)
class _Window(Layer):
    kernel_size: Size
    stride: Size = None
    padding: Padding = 0

    def __post_init__(self) -> None:
        if self.stride is None:
            self.stride = self.kernel_size
        super().__post_init__()


@dataclass(eq=False, repr=False)
class MaxPool2d(_Window):
    """Largest element of each window, and with return_indices its place; see `minigrad.nn.functional.max_pool2d`."""

    function = F.max_pool2d
    dilation: Size = 1
    return_indices: Flag = field(default=False, repr=False)
    ceil_mode: Flag = False


@dataclass(eq=False, repr=False)
class AvgPool2d(_Window):
    """Mean of each window; see `minigrad.nn.functional.avg_pool2d`."""

    function = F.avg_pool2d
    ceil_mode: Flag = field(default=False, repr=False)
    count_include_pad: Flag = field(default=True, repr=False)


@dataclass(eq=False, repr=False)
class MaxUnpool2d(_Window):
    """Maxima put back where `MaxPool2d` found them, zeros elsewhere; see `minigrad.nn.functional.max_unpool2d`."""

    function = F.max_unpool2d

    def forward(  # type: ignore[override]  # the indices too
        self, input: Tensor, indices: Tensor, output_size: Any = None
    ) -> Tensor:
        """(N, C, H, W) and indices of that shape to (N, C, output height, output width)."""
        return F.max_unpool2d(input, indices, **self.settings(), output_size=output_size)


def _as_output_size(layer: str, name: str, value: Any) -> Any:
    """An integer, or a pair; None for a length is that of the input."""
    sides = value if isinstance(value, tuple | list) and len(value) == 2 else (value,)
    for side in sides:
        if side is not None:
            as_size(layer, name, side, 1)
    return value


OutputSize = Annotated[Any, _as_output_size]


@dataclass(eq=False, repr=False)
class AdaptiveAvgPool2d(Layer):
    """Mean of each of output_size windows; see `minigrad.nn.functional.adaptive_avg_pool2d`."""

    function = F.adaptive_avg_pool2d
    output_size: OutputSize


@dataclass(eq=False, repr=False)
class AdaptiveMaxPool2d(Layer):
    """Largest element of each of output_size windows; see `minigrad.nn.functional.adaptive_max_pool2d`."""

    function = F.adaptive_max_pool2d
    output_size: OutputSize
    return_indices: Flag = field(default=False, repr=False)
