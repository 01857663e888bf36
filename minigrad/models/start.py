"""How the weights of a network of ReLUs start."""

from __future__ import annotations

import math

from minigrad import nn


def start_for_relu(network: nn.Module, last: nn.Module) -> None:
    """Weights from N(0, 2 / fan_in), in the layer `last`, which no ReLU follows, from N(0, 1 / fan_in); biases zero.

    References
    ----------
    .. [1] He et al., Delving deep into rectifiers, ICCV 2015, section 2.2.
    """
    at_the_end = {id(parameter) for parameter in last.parameters()}
    for parameter in network.parameters():
        if parameter.ndim < 2:
            nn.init.zeros_(parameter)
        else:
            gain = 1 if id(parameter) in at_the_end else 2
            nn.init.normal_(parameter, 0.0, math.sqrt(gain / nn.init.fans(parameter)[0]))
