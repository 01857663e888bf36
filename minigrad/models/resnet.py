"""Residual networks: layers that learn what to add to their input."""

from __future__ import annotations

from minigrad import nn
from minigrad.checks import as_int, as_one_of
from minigrad.errors import DataError
from minigrad.models.sizes import Shape, require_settings, scaled
from minigrad.models.start import start_for_relu
from minigrad.nn import functional as F
from minigrad.tensor import Tensor


class BasicBlock(nn.Module):
    """RELU(input + BN CONV RELU BN CONV of it): two convolutions of 3x3, the first with a stride."""

    expansion = 1

    def __init__(self, channels: int, planes: int, stride: int, downsample: nn.Module | None) -> None:
        self.conv1 = nn.Conv2d(channels, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, planes, H / stride, W / stride)."""
        out = F.relu(self.bn1(self.conv1(input)))
        return F.relu(self.bn2(self.conv2(out)) + (input if self.downsample is None else self.downsample(input)))


class Bottleneck(nn.Module):
    """Three convolutions: 1x1 down to `planes` channels, 3x3 with the stride, 1x1 up to four times as many.

    The stride is where torchvision has it; the paper has it in the first convolution.
    """

    expansion = 4

    def __init__(self, channels: int, planes: int, stride: int, downsample: nn.Module | None) -> None:
        self.conv1 = nn.Conv2d(channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.downsample = downsample

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 4 planes, H / stride, W / stride)."""
        out = F.relu(self.bn1(self.conv1(input)))
        out = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(out)))))
        return F.relu(out + (input if self.downsample is None else self.downsample(input)))


class Padded(nn.Module):
    """The shortcut without weights, option A of the paper: every second pixel, and new channels of zeros."""

    def __init__(self, channels: int) -> None:
        self.channels = channels

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, channels, H / 2, W / 2)."""
        added = self.channels - input.shape[1]
        return F.pad(input[:, :, ::2, ::2], (0, 0, 0, 0, added // 2, added - added // 2))


Block = type[BasicBlock] | type[Bottleneck]

_BLOCKS: dict[int, tuple[Block, tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
}


class ResNet(nn.Module):
    """The residual networks for ImageNet, with torchvision's names: CONV7x7 POOL, four stages of blocks, mean, FC.

    The stages have 64, 128, 256 and 512 channels inside; all but the first begin with a stride of 2. Where a block
    changes the shape, a convolution of 1x1 brings its input to the new one (option B).

    Parameters
    ----------
    depth : int
        How many layers have weights: 18, 34 or 50.
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of logits.
    width : float
        All layers have so many times the paper's channels, in multiples of 4.

    Notes
    -----
    ResNet-50 has 25,557,032 parameters. Convolutions start from N(0, 2 / fan_in), FC from N(0, 1 / fan_in), biases from
    zero.

    References
    ----------
    .. [1] He et al., Deep residual learning for image recognition, CVPR 2016, section 3.3 and table 1,
       arXiv:1512.03385.
    """

    def __init__(
        self, depth: int = 18, in_shape: Shape = (3, 224, 224), classes: int = 1000, width: float = 1.0
    ) -> None:
        as_one_of("ResNet", "depth", depth, *_BLOCKS)
        require_settings("ResNet", in_shape, classes, 1, width)
        block, counts = _BLOCKS[depth]
        a, b, c, d = (scaled(n, width) for n in (64, 128, 256, 512))
        wide = block.expansion
        self.conv1 = nn.Conv2d(in_shape[0], a, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(a)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = _stage(block, counts[0], a, a, 1)
        self.layer2 = _stage(block, counts[1], a * wide, b, 2)
        self.layer3 = _stage(block, counts[2], b * wide, c, 2)
        self.layer4 = _stage(block, counts[3], c * wide, d, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(d * wide, classes)
        start_for_relu(self, self.fc)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(input))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        return self.fc(self.avgpool(maps).flatten(1))


class CifarResNet(nn.Module):
    """The residual networks for CIFAR-10: CONV3x3, three stages of blocks of 16, 32 and 64 channels, mean, FC.

    Shortcuts have no weights: where the shape changes, they take every second pixel and add channels of zeros.

    Parameters
    ----------
    depth : int
        6 n + 2, for n blocks in a stage: 20, 32, 44, 56, 110, ...
    in_shape : tuple of int
        Channels, height and width of an image.
    classes : int
        Number of logits.
    width : float
        All layers have so many times the paper's channels, in multiples of 4.

    Raises
    ------
    ShapeError
        For images of less than 4 pixels a side.

    Notes
    -----
    ResNet-20 has 269,722 parameters. They start as those of `ResNet`.

    References
    ----------
    .. [1] He et al., Deep residual learning for image recognition, CVPR 2016, section 4.2, arXiv:1512.03385.
    """

    def __init__(self, depth: int = 20, in_shape: Shape = (3, 32, 32), classes: int = 10, width: float = 1.0) -> None:
        if as_int("CifarResNet", "depth", depth) < 8 or depth % 6 != 2:
            raise DataError(f"CifarResNet: depth must be 6 n + 2, such as 20, 32 or 56, got {depth!r}")
        require_settings("CifarResNet", in_shape, classes, 4, width)
        blocks = depth // 6
        a, b, c = (scaled(n, width) for n in (16, 32, 64))
        self.conv1 = nn.Conv2d(in_shape[0], a, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(a)
        self.layer1 = _row(BasicBlock, blocks, a, a, 1, None)
        self.layer2 = _row(BasicBlock, blocks, a, b, 2, Padded(b))
        self.layer3 = _row(BasicBlock, blocks, b, c, 2, Padded(c))
        self.linear = nn.Linear(c, classes)
        start_for_relu(self, self.linear)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to (N, classes)."""
        maps = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(input))))))
        return self.linear(maps.mean((2, 3)))


def _stage(block: Block, count: int, channels: int, planes: int, stride: int) -> nn.Sequential:
    """Blocks of which the first changes the shape through a convolution of 1x1, if it changes it."""
    outs = planes * block.expansion
    if stride == 1 and channels == outs:
        return _row(block, count, channels, planes, stride, None)
    project = nn.Sequential(nn.Conv2d(channels, outs, 1, stride=stride, bias=False), nn.BatchNorm2d(outs))
    return _row(block, count, channels, planes, stride, project)


def _row(
    block: Block, count: int, channels: int, planes: int, stride: int, shortcut: nn.Module | None
) -> nn.Sequential:
    first = block(channels, planes, stride, shortcut)
    return nn.Sequential(first, *(block(planes * block.expansion, planes, 1, None) for _ in range(count - 1)))
