"""The networks of the demos of ConvNetJS, which train in a browser."""

from __future__ import annotations

from minigrad import nn
from minigrad.models.sizes import Shape, require_settings
from minigrad.models.start import start_for_relu


class ConvNetJSMnist(nn.Sequential):
    """CONV8 RELU POOL CONV16 RELU POOL FC: 5x5 windows with padding 2, maxima over 2x2, then over 3x3.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image; the demo crops the 28x28 of MNIST to 24x24.
    classes : int
        Number of logits.

    Raises
    ------
    ShapeError
        For images of less than 6 pixels a side.

    References
    ----------
    .. [1] Karpathy, ConvNetJS MNIST demo, https://cs.stanford.edu/people/karpathy/convnetjs/demo/mnist.html.
    """

    def __init__(self, in_shape: Shape = (1, 24, 24), classes: int = 10) -> None:
        require_settings("ConvNetJSMnist", in_shape, classes, 6)
        channels, height, width = in_shape
        super().__init__(
            *(nn.Conv2d(channels, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3)),
            *(nn.Flatten(), nn.Linear(16 * (height // 6) * (width // 6), classes)),
        )
        start_for_relu(self, self[-1])


class ConvNetJSCifar10(nn.Sequential):
    """CONV16 RELU POOL CONV20 RELU POOL CONV20 RELU POOL FC: 5x5 windows with padding 2, maxima over 2x2.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of logits.

    Raises
    ------
    ShapeError
        For images of less than 8 pixels a side.

    References
    ----------
    .. [1] Karpathy, ConvNetJS CIFAR-10 demo, https://cs.stanford.edu/people/karpathy/convnetjs/demo/cifar10.html.
    """

    def __init__(self, in_shape: Shape = (3, 32, 32), classes: int = 10) -> None:
        require_settings("ConvNetJSCifar10", in_shape, classes, 8)
        channels, height, width = in_shape
        super().__init__(
            *(nn.Conv2d(channels, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(20, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(20 * (height // 8) * (width // 8), classes)),
        )
        start_for_relu(self, self[-1])
