"""Neighbouring layers that `Sequential` runs together: the one place where fusion crosses ops.

Results and gradients are those of the layers one after the other, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minigrad.nn.layers.activation import ReLU
from minigrad.nn.layers.pool import MaxPool2d
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_pair, require_float


def _pool_first(relu: ReLU, pool: MaxPool2d, input: Any) -> Any:
    """ReLU of the maxima, which are fewer: max(relu(x)) = relu(max(x)), and the same element has the gradient.

    A window that covers no input has -inf for its maximum, which ReLU would change. Dilation may lead to one.
    """
    require_float("relu", input=input)
    if pool.return_indices or as_pair("MaxPool2d", "dilation", pool.dilation, 1) != (1, 1) or 0 in input.shape:
        return pool(relu(input))
    return relu(pool(input))


Together = Callable[[Any, Any, Any], Any]

TABLE: dict[tuple[type[Module], type[Module]], Together] = {(ReLU, MaxPool2d): _pool_first}


def run(layers: Iterable[Module], input: Any) -> Any:
    """Apply the layers in order, or together what the table has together."""
    waiting = list(layers)[::-1]
    while waiting:
        layer = waiting.pop()
        together = TABLE.get((type(layer), type(waiting[-1]))) if waiting else None
        if together is None or _is_altered(layer) or _is_altered(waiting[-1]):
            input = layer(input)
        else:
            input = together(layer, waiting.pop(), input)
    return input


def _is_altered(layer: Module) -> bool:
    """Whether somebody looks at this layer's input and output, or has given it a `forward` of its own."""
    return bool(layer._pre_hooks or layer._hooks or "forward" in vars(layer))
