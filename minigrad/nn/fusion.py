"""Neighbouring layers that `Sequential` runs together: the one place where fusion crosses ops.

Results and gradients are those of the layers one after the other, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minigrad.nn.layers.activation import ReLU
from minigrad.nn.layers.conv import Conv2d
from minigrad.nn.layers.linear import Linear
from minigrad.nn.layers.pool import MaxPool2d
from minigrad.nn.module import Module
from minigrad.ops.arguments import as_pair, require_float
from minigrad.ops.conv import conv2d_relu
from minigrad.ops.matmul import linear_relu


def _pool_first(relu: ReLU, pool: MaxPool2d, input: Any) -> Any:
    """ReLU of the maxima, which are fewer: max(relu(x)) = relu(max(x)), and the same element has the gradient.

    A window that covers no input has -inf for its maximum, which ReLU would change. Dilation may lead to one.
    """
    require_float("relu", input=input)
    if pool.return_indices or as_pair("MaxPool2d", "dilation", pool.dilation, 1) != (1, 1) or 0 in input.shape:
        return pool(relu(input))
    return relu(pool(input))


def _conv_relu(conv: Conv2d, relu: ReLU, input: Any) -> Any:
    """The convolution's kernel applies ReLU to what it writes: a pass over memory, or a launch, is saved."""
    return conv2d_relu(input, conv.weight, conv.bias, conv.stride, conv.padding, conv.dilation, conv.groups)


Together = Callable[[Any, Any, Any], Any]

TABLE: dict[tuple[type[Module], ...], Together] = {
    (Conv2d, ReLU): _conv_relu,
    (Linear, ReLU): lambda linear, relu, input: linear_relu(input, linear.weight, linear.bias),
    (ReLU, MaxPool2d): _pool_first,
}


def run(layers: Iterable[Module], input: Any) -> Any:
    """Apply the layers in order, or together what the table has together.

    Of two pairs that share a layer it is the second. So a ReLU between a convolution and a pooling works on the maxima:
    for a convolution's kernel ReLU costs nothing, but its gradient has four times the elements there.
    """
    waiting = list(layers)[::-1]
    while waiting:
        together = _together(waiting)
        if together is None or _together(waiting[:-1]):
            input = waiting.pop()(input)
        else:
            input = together(waiting.pop(), waiting.pop(), input)
    return input


def _together(waiting: list[Module]) -> Together | None:
    """How the next two layers, which are the last of the list, run together."""
    pair = waiting[:-3:-1]
    return None if any(map(_is_altered, pair)) else TABLE.get(tuple(map(type, pair)))


def _is_altered(layer: Module) -> bool:
    """Whether somebody looks at this layer's input and output, or has given it a `forward` of its own."""
    return bool(layer._pre_hooks or layer._hooks or "forward" in vars(layer))
