"""AlexNet: the network that won ImageNet in 2012, and the variant in one tower that came after it."""

from __future__ import annotations

from minigrad import nn
from minigrad.models.sizes import Shape, require_settings, scaled
from minigrad.models.start import start_for_relu
from minigrad.tensor import Tensor


class AlexNet2012(nn.Module):
    """The network of 2012: five convolutions, three of them in two groups, two response normalisations, three FC.

    CONV96 RELU LRN POOL, CONV256 RELU LRN POOL, CONV384 RELU, CONV384 RELU, CONV256 RELU POOL, then twice DROPOUT
    FC4096 RELU, then FC. Windows are 11x11 with stride 4, 5x5, and 3x3 three times; pools take the maximum over 3x3
    with stride 2, so that they overlap. The groups are the halves that ran on two GPUs, which talked to each other in
    the third convolution alone.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image. The paper says 224 pixels; its volumes are those of 227.
    classes : int
        Number of logits.
    width : float
        All layers have so many times the paper's channels and units, in multiples of 4.
    dropout : float
        Probability with which the inputs of the first two FC are dropped.

    Raises
    ------
    ShapeError
        For images of less than 67 pixels a side.

    Notes
    -----
    It has 60,965,224 parameters. For an image of 227 pixels the activations are 290,400 (55x55x96), 186,624, 64,896,
    64,896, 43,264, 4096, 4096, 1000. The caption of the paper's figure 2 has 253,440 for the first: that is 55x48x96,
    with the 48 channels of a half in the place of one side of the volume.

    Weights start from N(0, 2 / fan_in) before a RELU and from N(0, 1 / fan_in) in the last FC, biases from zero. With
    the paper's start, N(0, 0.01^2) and biases of 1 in some layers, it stays at chance for long. The paper's alpha of
    the normalisation, 1e-4 for each of 5 channels, is 5e-4 for `nn.LocalResponseNorm`, which divides by the size.

    References
    ----------
    .. [1] Krizhevsky, Sutskever, Hinton, ImageNet classification with deep convolutional neural networks, NIPS 2012,
       sections 3.3 to 3.5, 4.2 and 5.
    """

    def __init__(
        self, in_shape: Shape = (3, 227, 227), classes: int = 1000, width: float = 1.0, dropout: float = 0.5
    ) -> None:
        require_settings("AlexNet2012", in_shape, classes, 67, width, dropout)
        channels, *sides = in_shape
        a, b, c, units = (scaled(n, width) for n in (96, 256, 384, 4096))
        self.features = nn.Sequential(
            *(nn.Conv2d(channels, a, 11, stride=4), nn.ReLU(), _response_norm(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(a, b, 5, padding=2, groups=2), nn.ReLU(), _response_norm(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(b, c, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(c, c, 3, padding=1, groups=2), nn.ReLU()),
            *(nn.Conv2d(c, b, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        rows, columns = map(_side_after, sides)
        self.classifier = nn.Sequential(
            *(nn.Dropout(dropout), nn.Linear(b * rows * columns, units), nn.ReLU()),
            *(nn.Dropout(dropout), nn.Linear(units, units), nn.ReLU()),
            nn.Linear(units, classes),
        )
        start_for_relu(self, self.classifier[-1])

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        return self.classifier(self.features(input).flatten(1))


class AlexNet(nn.Module):
    """AlexNet in one tower, without normalisation: torchvision's, of which it has the names and the weights' shapes.

    CONV64 RELU POOL, CONV192 RELU POOL, CONV384 RELU, CONV256 RELU, CONV256 RELU POOL, a mean over 6x6 windows, then
    twice DROPOUT FC4096 RELU, then FC.

    Parameters
    ----------
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of logits.
    width : float
        All layers have so many times the channels and units, in multiples of 4.
    dropout : float
        Probability with which the inputs of the first two FC are dropped.

    Raises
    ------
    ShapeError
        For images of less than 63 pixels a side.

    Notes
    -----
    It has 61,100,840 parameters. They start as those of `AlexNet2012`.

    References
    ----------
    .. [1] Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014, arXiv:1404.5997.
    """

    def __init__(
        self, in_shape: Shape = (3, 224, 224), classes: int = 1000, width: float = 1.0, dropout: float = 0.5
    ) -> None:
        require_settings("AlexNet", in_shape, classes, 63, width, dropout)
        a, b, c, d, units = (scaled(n, width) for n in (64, 192, 384, 256, 4096))
        self.features = nn.Sequential(
            *(nn.Conv2d(in_shape[0], a, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(a, b, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(b, c, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(c, d, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(d, d, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            *(nn.Dropout(dropout), nn.Linear(d * 6 * 6, units), nn.ReLU()),
            *(nn.Dropout(dropout), nn.Linear(units, units), nn.ReLU()),
            nn.Linear(units, classes),
        )
        start_for_relu(self, self.classifier[-1])

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        return self.classifier(self.avgpool(self.features(input)).flatten(1))


def _response_norm() -> nn.Module:
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


def _side_after(side: int) -> int:
    """Height or width after the first convolution and the three pools; the other convolutions keep it."""
    side = (side - 11) // 4 + 1
    for _ in range(3):
        side = (side - 3) // 2 + 1
    return side
