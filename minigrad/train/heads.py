"""Networks that classify several times while they train: once at their end, and from their middle."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from minigrad.nn.module import Module
from minigrad.tensor import Tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def logits_of(output: Any) -> Any:
    """What a network's end says: the output itself, or the first of several."""
    return output[0] if isinstance(output, tuple) else output


def over_heads(loss: Loss, model: Module) -> Loss:
    """A loss that takes what `model` returns: of several outputs, the loss of the first plus a share of the others'.

    The share is the model's `auxiliary_weight`. The loss of a model that has none is `loss` itself.
    """
    weight = getattr(model, "auxiliary_weight", None)
    if weight is None:
        return loss

    @wraps(loss)
    def joint(output: Any, labels: Tensor) -> Tensor:
        total = loss(logits_of(output), labels)
        for other in output[1:] if isinstance(output, tuple) else ():
            total = total + weight * loss(other, labels)
        return total

    return joint
