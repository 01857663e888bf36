"""Networks that others have trained, and how their arrays go into ours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from minigrad import nn
from minigrad.interop import match, read_weights
from minigrad.models import CifarResNet, ConvNetJSCifar10
from minigrad.nn import functional as F


def _loaded(model, weights, rules=None):
    model.load_state_dict(match(model, weights, rules).weights)
    return model.eval()


def _arrays(path):
    """The weights of a file, and what it says that they should compute."""
    found = read_weights(path)
    expected = {name: found.pop(name) for name in list(found) if name.startswith("expected")}
    return found, next(iter(expected.values()))


class MnistNet(nn.Module):
    """CONV32 RELU POOL CONV64 RELU POOL, FC128 RELU FC."""

    def __init__(self):
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        )
        self.classifier = nn.Sequential(nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, input):
        return self.classifier(self.features(input).flatten(1))


def mnist(path):
    weights, expected = _arrays(path)
    return _loaded(MnistNet(), weights), expected


def resnet20(path):
    weights, expected = _arrays(path)
    return _loaded(CifarResNet(20), weights), expected


def convnetjs(path):
    """Its last layer takes the features in the order (y, x, channel)."""
    weights, expected = _arrays(path)
    weights["l10_fc_w"] = weights["l10_fc_w"].reshape(10, 4, 4, 20).transpose(0, 3, 1, 2).reshape(10, 320)
    rules = {
        rf"l{there}_\w+_{kind[0]}": f"{here}.{kind}"
        for there, here in ((1, 0), (4, 3), (7, 6), (10, 10))
        for kind in ("weight", "bias")
    }
    return _loaded(ConvNetJSCifar10(), weights, rules), expected


class KerasNet(nn.Module):
    """Six convolutions without padding, each with RELU, then batch normalisation; three FC with RELU."""

    def __init__(self):
        channels = (3, 64, 64, 128, 128, 64, 64)
        self.conv = [nn.Conv2d(a, b, 3) for a, b in pairwise(channels)]
        self.bn = [nn.BatchNorm2d(b, eps=1e-3) for b in channels[1:]]
        self.fc = [nn.Linear(64, 1024), nn.Linear(1024, 512), nn.Linear(512, 10)]

    def forward(self, input):
        maps = input
        for number, (conv, norm) in enumerate(zip(self.conv, self.bn, strict=True)):
            maps = norm(F.relu(conv(maps)))
            if number in (1, 3):
                maps = F.max_pool2d(maps, 2)
        hidden = F.relu(self.fc[1](F.relu(self.fc[0](maps.permute(0, 2, 3, 1).flatten(1)))))
        return F.relu(self.fc[2](hidden))


def keras(path):
    """Fully connected weights are (inputs, outputs) there."""
    weights, expected = _arrays(path)
    weights |= {name: value.T for name, value in weights.items() if name.startswith("fc") and name.endswith("w")}
    rules = {
        r"(conv|fc)(\d)_w": r"\1.\2.weight",
        r"(conv|fc)(\d)_b": r"\1.\2.bias",
        r"bn(\d)_gamma": r"bn.\1.weight",
        r"bn(\d)_beta": r"bn.\1.bias",
        r"bn(\d)_moving_mean": r"bn.\1.running_mean",
        r"bn(\d)_moving_variance": r"bn.\1.running_var",
    }
    return _loaded(KerasNet(), {name: np.ascontiguousarray(value) for name, value in weights.items()}, rules), expected
