"""LeNet-5, the network that read handwritten digits."""

from __future__ import annotations

from minigrad import nn
from minigrad.errors import ShapeError
from minigrad.models.sizes import require_settings
from minigrad.models.start import start_for_relu
from minigrad.tensor import Tensor


class LeNet(nn.Module):
    """CONV6 RELU POOL CONV16 RELU POOL, then FC120 RELU FC84 RELU FC: images (N, *in_shape) to logits (N, classes).

    Windows are 5x5; POOL takes the maximum over 2x2. Images of less than 32 pixels a side, such as the 28x28 of MNIST,
    are padded by 2 pixels, which brings those to the 32x32 of the original.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of logits.

    Raises
    ------
    ShapeError
        If nothing of the image is left after the last POOL.

    Notes
    -----
    The original (LeCun et al. 1998, Gradient-based learning applied to document recognition, section II.B) has scaled
    tanh in place of RELU, trained means in place of maxima, and a C3 that sees some of its input channels. Weights
    start from N(0, 2 / fan_in) before a RELU and from N(0, 1 / fan_in) in the last layer, biases from zero.
    """

    def __init__(self, in_shape: tuple[int, int, int] = (1, 28, 28), classes: int = 10) -> None:
        require_settings("LeNet", in_shape, classes)
        channels, height, width = in_shape
        padding = 2 if min(height, width) < 32 else 0
        rows, columns = (((side + 2 * padding - 4) // 2 - 4) // 2 for side in (height, width))
        if rows < 1 or columns < 1:
            raise ShapeError(f"LeNet: nothing is left of an image {in_shape}; it needs at least 12x12 pixels")
        self.conv1 = nn.Conv2d(channels, 6, 5, padding=padding)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * rows * columns, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        start_for_relu(self, self.fc3)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        maps = self.pool(self.relu(self.conv1(input)))
        maps = self.pool(self.relu(self.conv2(maps)))
        hidden = self.relu(self.fc1(maps.flatten(1)))
        return self.fc3(self.relu(self.fc2(hidden)))
