"""Layers that reduce windows of an image."""

from dataclasses import dataclass, field

from minigrad.nn import functional as F
from minigrad.nn.layers.settings import Flag, Layer, Padding, Size


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
