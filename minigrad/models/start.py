"""How the weights of a network of ReLUs start."""

from __future__ import annotations

import math

from minigrad import nn


def start_for_relu(network: nn.Module, *last: nn.Module) -> None:
    """Weights from N(0, 2 / fan_in), in the layers `last`, which no ReLU follows, from N(0, 1 / fan_in); biases zero.

    Only layers that sum are changed: a normalisation starts as it is, at scale 1.

    References
    ----------
    .. [1] He et al., Delving deep into rectifiers, ICCV 2015, section 2.2.
    """
    ends = {id(layer) for layer in last}
    for layer in network.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            fan_in, _ = nn.init.fans(layer.weight)
            nn.init.normal_(layer.weight, 0.0, math.sqrt((1 if id(layer) in ends else 2) / fan_in))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
