"""GoogLeNet: inception modules, which look at an image through windows of several sizes at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minigrad import nn
from minigrad.models.sizes import Shape, require_settings, scaled
from minigrad.models.start import start_for_relu
from minigrad.nn import functional as F
from minigrad.ops.join import cat
from minigrad.tensor import Tensor


class GoogLeNetOutputs(NamedTuple):
    """What GoogLeNet returns while it trains: its logits, and those of the heads in its middle."""

    logits: Tensor
    aux_logits2: Tensor
    aux_logits1: Tensor


class GoogLeNet(nn.Module):
    """GoogLeNet: three convolutions, nine inception modules with pools between them, a mean over the image, FC.

    An inception module joins the channels of four branches: 1x1; 1x1 then 3x3; 1x1 then 5x5; a maximum then 1x1.

    Parameters
    ----------
    batch_norm : bool
        False is the network of the paper, with response normalisation about the first convolutions. True is
        torchvision's, of which it has the names and the weights' shapes: batch normalisation after every convolution,
        windows of 3x3 where the paper has 5x5, of 2x2 in the last pool, and less dropout.
    aux : bool
        Whether it has the two heads that classify from its middle while it trains. In training mode the output is
        then a `GoogLeNetOutputs`; `minigrad.train.fit` adds `auxiliary_weight` times the loss of each.
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of logits.
    width : float
        All layers have so many times the paper's channels, in multiples of 4.
    dropout : float, optional
        Probability with which the inputs of FC are dropped: by default 0.4, and 0.2 with batch normalisation. The
        heads drop 0.7, or nothing where this is 0.

    Raises
    ------
    ShapeError
        For images of less than 31 pixels a side.

    Notes
    -----
    Without the heads it has 6,998,552 parameters, and 6,624,904 with batch normalisation; with them 13,378,280 and
    13,004,888. Weights start from N(0, 2 / fan_in) before a RELU and from N(0, 1 / fan_in) elsewhere, biases from zero.

    References
    ----------
    .. [1] Szegedy et al., Going deeper with convolutions, CVPR 2015, section 5 and table 1, arXiv:1409.4842.
    """

    auxiliary_weight = 0.3
    heads = ("aux1.fc2", "aux2.fc2", "fc")

    def __init__(
        self,
        batch_norm: bool = False,
        aux: bool = False,
        in_shape: Shape = (3, 224, 224),
        classes: int = 1000,
        width: float = 1.0,
        dropout: float | None = None,
    ) -> None:
        require_settings("GoogLeNet", in_shape, classes, 31, width, dropout, batch_norm=batch_norm, aux=aux)
        a, b = scaled(64, width), scaled(192, width)
        self.conv1 = ConvUnit(in_shape[0], a, 7, batch_norm, stride=2)
        self.maxpool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.norm1 = _response_norm(batch_norm)
        self.conv2 = ConvUnit(a, a, 1, batch_norm)
        self.conv3 = ConvUnit(a, b, 3, batch_norm)
        self.norm2 = _response_norm(batch_norm)
        self.maxpool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception3a = Inception(b, (64, 96, 128, 16, 32, 32), width, batch_norm)
        self.inception3b = Inception(self.inception3a.channels, (128, 128, 192, 32, 96, 64), width, batch_norm)
        self.inception4a = Inception(self.inception3b.channels, (192, 96, 208, 16, 48, 64), width, batch_norm)
        self.inception4b = Inception(self.inception4a.channels, (160, 112, 224, 24, 64, 64), width, batch_norm)
        self.inception4c = Inception(self.inception4b.channels, (128, 128, 256, 24, 64, 64), width, batch_norm)
        self.inception4d = Inception(self.inception4c.channels, (112, 144, 288, 32, 64, 64), width, batch_norm)
        self.inception4e = Inception(self.inception4d.channels, (256, 160, 320, 32, 128, 128), width, batch_norm)
        self.inception5a = Inception(self.inception4e.channels, (256, 160, 320, 32, 128, 128), width, batch_norm)
        self.inception5b = Inception(self.inception5a.channels, (384, 192, 384, 48, 128, 128), width, batch_norm)
        self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.maxpool4 = nn.MaxPool2d(2 if batch_norm else 3, 2, ceil_mode=True)
        self.aux1 = AuxiliaryHead(self.inception4a.channels, classes, width, batch_norm, dropout) if aux else None
        self.aux2 = AuxiliaryHead(self.inception4d.channels, classes, width, batch_norm, dropout) if aux else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout((0.2 if batch_norm else 0.4) if dropout is None else dropout)
        self.fc = nn.Linear(self.inception5b.channels, classes)
        start_for_relu(self, *(head.fc2 for head in (self.aux1, self.aux2) if head is not None), self.fc)

    def forward(self, input: Tensor) -> Tensor | GoogLeNetOutputs:
        """(N, C, H, W) to (N, classes), in training mode and with heads three times."""
        maps = self.norm1(self.maxpool1(self.conv1(input)))
        maps = self.maxpool2(self.norm2(self.conv3(self.conv2(maps))))
        maps = self.maxpool3(self.inception3b(self.inception3a(maps)))
        early = self.inception4a(maps)
        late = self.inception4d(self.inception4c(self.inception4b(early)))
        maps = self.inception5b(self.inception5a(self.maxpool4(self.inception4e(late))))
        logits = self.fc(self.dropout(self.avgpool(maps).flatten(1)))
        if self.aux1 is None or self.aux2 is None or not self.training:
            return logits
        return GoogLeNetOutputs(logits, self.aux2(late), self.aux1(early))


class ConvUnit(nn.Module):
    """A convolution that keeps the size at stride 1, batch normalisation if wanted, and a ReLU."""

    def __init__(self, channels: int, outs: int, window: int, batch_norm: bool, stride: int = 1) -> None:
        self.conv = nn.Conv2d(channels, outs, window, stride=stride, padding=window // 2, bias=not batch_norm)
        self.bn = nn.BatchNorm2d(outs, eps=1e-3) if batch_norm else nn.Identity()

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, outs, H / stride, W / stride)."""
        return F.relu(self.bn(self.conv(input)))


class Inception(nn.Module):
    """Four branches side by side, their channels joined.

    `outs` are the channels after 1x1; before and after 3x3; before and after 5x5; after the pool.
    """

    def __init__(self, channels: int, outs: Sequence[int], width: float, batch_norm: bool) -> None:
        one, reduced3, three, reduced5, five, pooled = (scaled(n, width) for n in outs)
        self.branch1 = ConvUnit(channels, one, 1, batch_norm)
        self.branch2 = nn.Sequential(
            ConvUnit(channels, reduced3, 1, batch_norm), ConvUnit(reduced3, three, 3, batch_norm)
        )
        self.branch3 = nn.Sequential(
            ConvUnit(channels, reduced5, 1, batch_norm), ConvUnit(reduced5, five, 3 if batch_norm else 5, batch_norm)
        )
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), ConvUnit(channels, pooled, 1, batch_norm))
        self.channels = one + three + five + pooled

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, channels, H, W)."""
        return cat([branch(input) for branch in (self.branch1, self.branch2, self.branch3, self.branch4)], 1)


class AuxiliaryHead(nn.Module):
    """A mean over 4x4 windows, a convolution of 1x1, two fully connected layers."""

    def __init__(self, channels: int, classes: int, width: float, batch_norm: bool, dropout: float | None) -> None:
        reduced, units = scaled(128, width), scaled(1024, width)
        self.avgpool = nn.AdaptiveAvgPool2d(4)
        self.conv = ConvUnit(channels, reduced, 1, batch_norm)
        self.fc1 = nn.Linear(reduced * 4 * 4, units)
        self.dropout = nn.Dropout(0.0 if dropout == 0 else 0.7)
        self.fc2 = nn.Linear(units, classes)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        maps = self.conv(self.avgpool(input))
        return self.fc2(self.dropout(F.relu(self.fc1(maps.flatten(1)))))


def _response_norm(batch_norm: bool) -> nn.Module:
    return nn.Identity() if batch_norm else nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)
