"""VGG: convolutions of 3x3, and nothing but depth."""

from __future__ import annotations

from minigrad import nn
from minigrad.checks import as_one_of
from minigrad.models.sizes import Shape, require_settings, scaled
from minigrad.models.start import start_for_relu
from minigrad.tensor import Tensor

# How many convolutions there are before each of the five pools: columns A, B, D and E of the paper's table 1.
_BLOCKS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_CHANNELS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Five blocks of convolutions and a pool, then FC4096 RELU DROPOUT twice, then FC; torchvision's names.

    Every convolution has windows of 3x3 with padding 1, and a RELU after it; every pool takes the maximum over 2x2.
    The blocks have 64, 128, 256, 512 and 512 channels.

    Parameters
    ----------
    depth : int
        How many layers have weights: 11, 13, 16 or 19.
    batch_norm : bool
        Normalise the batch before every RELU of the blocks.
    in_shape : tuple of int
        Channels, height and width of an image. What is left after the blocks, 7x7 of 224x224, is brought to 7x7.
    classes : int
        Number of logits.
    width : float
        All layers have so many times the paper's channels and units, in multiples of 4.
    dropout : float
        Probability with which the outputs of the first two FC are dropped.

    Raises
    ------
    ShapeError
        For images of less than 32 pixels a side.

    Notes
    -----
    VGG-16 has 138,357,544 parameters. The paper could train the deep ones only from the weights of the shallow one;
    with weights from N(0, 2 / fan_in) before a RELU, from N(0, 1 / fan_in) in the last FC, and biases of zero, as here,
    they train from the start.

    References
    ----------
    .. [1] Simonyan, Zisserman, Very deep convolutional networks for large-scale image recognition, ICLR 2015,
       section 2.
    """

    def __init__(
        self,
        depth: int = 16,
        batch_norm: bool = False,
        in_shape: Shape = (3, 224, 224),
        classes: int = 1000,
        width: float = 1.0,
        dropout: float = 0.5,
    ) -> None:
        as_one_of("VGG", "depth", depth, *_BLOCKS)
        require_settings("VGG", in_shape, classes, 32, width, dropout, batch_norm=batch_norm)
        layers: list[nn.Module] = []
        before = in_shape[0]
        for convolutions, wanted in zip(_BLOCKS[depth], _CHANNELS, strict=True):
            channels = scaled(wanted, width)
            for _ in range(convolutions):
                layers.append(nn.Conv2d(before, channels, 3, padding=1))
                layers += [nn.BatchNorm2d(channels), nn.ReLU()] if batch_norm else [nn.ReLU()]
                before = channels
            layers.append(nn.MaxPool2d(2))
        units = scaled(4096, width)
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            *(nn.Linear(before * 7 * 7, units), nn.ReLU(), nn.Dropout(dropout)),
            *(nn.Linear(units, units), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(units, classes),
        )
        start_for_relu(self, self.classifier[-1])

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        return self.classifier(self.avgpool(self.features(input)).flatten(1))
