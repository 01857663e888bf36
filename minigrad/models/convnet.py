"""The ConvNet of the course: (CONV RELU CONV RELU POOL) repeated, then FC."""

from __future__ import annotations

from minigrad import nn
from minigrad.checks import as_int
from minigrad.errors import ShapeError
from minigrad.models.sizes import require_settings
from minigrad.models.start import start_for_relu


class ConvNet(nn.Sequential):
    """(CONV RELU CONV RELU POOL) x `blocks`, FLATTEN, FC: images (N, *in_shape) to logits (N, classes).

    Every CONV has `channels` filters of 3x3 with padding 1 and keeps height and width; every POOL takes the maximum
    over 2x2 and halves them. The defaults are the course's network for CIFAR-10.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image.
    blocks : int
        Number of (CONV RELU CONV RELU POOL); height and width are halved so often, rounding down.
    channels : int
        Filters of every CONV.
    classes : int
        Number of logits.

    Raises
    ------
    ShapeError
        If nothing of the image is left after the last POOL.

    Notes
    -----
    The weights are drawn from N(0, 2 / fan_in) before a RELU and from N(0, 1 / fan_in) in FC, which keeps the scale of
    the activations (He et al. 2015, arXiv:1502.01852); biases are zero.
    """

    def __init__(
        self, in_shape: tuple[int, int, int] = (3, 32, 32), blocks: int = 3, channels: int = 10, classes: int = 10
    ) -> None:
        require_settings("ConvNet", in_shape, classes)
        for name, value in {"blocks": blocks, "channels": channels}.items():
            as_int("ConvNet", name, value, 1)
        depth, height, width = in_shape
        height, width = height >> min(blocks, 64), width >> min(blocks, 64)
        if height < 1 or width < 1:
            raise ShapeError(
                f"ConvNet: {blocks} blocks halve the image {in_shape} down to {height}x{width}; use fewer blocks"
            )
        layers: list[nn.Module] = []
        for block in range(blocks):
            layers += [nn.Conv2d(channels if block else depth, channels, 3, padding=1), nn.ReLU()]
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels * height * width, classes))
        start_for_relu(self, self[-1])
