"""Predictions that are averaged over ten crops of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence

from minigrad.data.augment import require_size
from minigrad.data.given import require_given
from minigrad.errors import ShapeError
from minigrad.nn.module import Module
from minigrad.ops.arguments import require_tensor
from minigrad.ops.join import stack
from minigrad.ops.slicing import flip
from minigrad.ops.softmax import log_softmax
from minigrad.ops.statistics import logsumexp
from minigrad.tensor import Tensor


def ten_crop(input: Tensor, size: int | Sequence[int]) -> tuple[Tensor, ...]:
    """The four corners and the middle of images, then the same of the reflected images.

    Parameters
    ----------
    input : Tensor
        (..., H, W).
    size : int or (int, int)
        The side of a crop, or height and width.

    Returns
    -------
    tuple of Tensor
        Ten of shape (..., height, width): top left, top right, bottom left, bottom right, middle, and these reflected.

    Raises
    ------
    ShapeError
        If the images are smaller than the crops.
    """
    require_tensor("ten_crop", input=input)
    height, width = require_size("ten_crop", size)
    rows, columns = (0, 0, *input.shape)[-2:]
    down, right = rows - height, columns - width
    if min(down, right) < 0:
        raise ShapeError(f"ten_crop: {height}x{width} cannot be cut out of images {input.spec}")
    corners = [(0, 0), (0, right), (down, 0), (down, right), (round(down / 2), round(right / 2))]
    return tuple(
        images[..., top : top + height, left : left + width]
        for images in (input, flip(input, (-1,)))
        for top, left in corners
    )


class TenCropAverage(Module):
    """A trained network that looks at ten crops of each image, and averages the probabilities it gives.

    Its logits are the logarithms of these means, so that it is tested as the network itself would be.

    Parameters
    ----------
    network : Module
        Maps images (N, C, height, width) to logits (N, classes).
    size : int or (int, int)
        The side of the images that it was trained on, or height and width.

    Notes
    -----
    Source: Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural networks,
    section 4.1.

    Examples
    --------
    >>> evaluate(TenCropAverage(network, 224), test)  # images of 256x256
    """

    def __init__(self, network: Module, size: int | Sequence[int]) -> None:
        super().__init__()
        require_given("TenCropAverage", network=network)
        self.network = network
        self.size = require_size("TenCropAverage", size)

    def forward(self, input: Tensor) -> Tensor:
        """Logits of images that are at least as large as a crop."""
        crops = [log_softmax(self.network(crop), -1) for crop in ten_crop(input, self.size)]
        return logsumexp(stack(crops), 0) - math.log(len(crops))
