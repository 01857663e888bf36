"""Regularisation: penalties on the size of weights, to be added to the loss, and the bound on a unit's weights.

A penalty is a differentiable function of a model, apart from the data loss, so that both can be printed:

    penalty = regularize.L2(1e-4)
    loss = F.cross_entropy(model(images), labels)
    (loss + penalty(model)).backward()
"""

from __future__ import annotations

import functools
import operator
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from minigrad.checks import as_flag, as_number, as_positive, require_like
from minigrad.errors import DataError
from minigrad.ops.update import copy_
from minigrad.recording import no_grad
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.nn.module import Module


class Penalty(ABC):
    """A sum over the parameters of a model, without those named "bias" unless `biases` is set."""

    def __init__(self, biases: bool, **strengths: float) -> None:
        for name, strength in strengths.items():
            as_number(type(self).__name__, name, strength, 0)
        self.biases = as_flag(type(self).__name__, "biases", biases)

    @abstractmethod
    def of(self, weight: Tensor) -> Tensor:
        """The penalty on one parameter, 0-d."""

    def __call__(self, model: Module) -> Tensor:
        """The penalty on a model, 0-d; DataError if it has no weights."""
        require_like(type(self).__name__, "model", model, "a Module", "named_parameters")
        weights = [weight for name, weight in model.named_parameters() if self.biases or not _is_bias(name)]
        if not weights:
            raise DataError(f"{type(self).__name__}: the model has no weights")
        return functools.reduce(operator.add, map(self.of, weights))


class _OfStrength(Penalty):
    """A penalty that is multiplied with one number."""

    def __init__(self, strength: float, biases: bool = False) -> None:
        super().__init__(biases, strength=strength)
        self.strength = float(strength)


class L2(_OfStrength):
    """strength / 2 * |W|_2^2; its gradient is strength * W, the weight decay of `optim.SGD`, there biases included."""

    def of(self, weight: Tensor) -> Tensor:
        """The penalty on one parameter, 0-d."""
        return (weight * weight).sum() * (self.strength / 2)


class L1(_OfStrength):
    """strength * |W|_1; the gradient at 0 is 0."""

    def of(self, weight: Tensor) -> Tensor:
        """The penalty on one parameter, 0-d."""
        return _size(weight).sum() * self.strength


class ElasticNet(Penalty):
    """l1 * |W|_1 + l2 * |W|_2^2, without the half that `L2` has.

    References
    ----------
    .. [1] Zou and Hastie, Regularization and variable selection via the elastic net, JRSS B 67 (2005), section 2.1.
    """

    def __init__(self, l1: float, l2: float, biases: bool = False) -> None:
        super().__init__(biases, l1=l1, l2=l2)
        self.l1, self.l2 = float(l1), float(l2)

    def of(self, weight: Tensor) -> Tensor:
        """The penalty on one parameter, 0-d."""
        return _size(weight).sum() * self.l1 + (weight * weight).sum() * self.l2


class MaxNorm:
    """Bounds the weights of each unit: |w|^2 <= limit. To be called after `optimizer.step()`.

    Longer w are scaled by sqrt(limit / |w|^2). Which elements make up a unit's w is said by the layers: see
    `Module.fan_in_axes`. Biases, and parameters that need no gradient, are left alone.

    References
    ----------
    .. [1] Srivastava et al., Dropout: a simple way to prevent neural networks from overfitting, JMLR 15 (2014),
       section 5.1.
    """

    def __init__(self, limit: float) -> None:
        self.limit = as_positive("MaxNorm", "limit", limit)

    @no_grad()
    def __call__(self, model: Module) -> None:
        """Project the weights of a model, in place; DataError if no layer says what its units sum over."""
        require_like("MaxNorm", "model", model, "a Module", "named_parameters")
        weights = list(_weights_of_units(model))
        if not weights:
            raise DataError("MaxNorm: no layer of the model says over which axes a unit sums; give it fan_in_axes")
        for weight, axes in weights:
            if weight.requires_grad:
                squares = (weight * weight).sum(axes, keepdim=True)
                copy_(weight, weight * (self.limit / squares.maximum(self.limit)).sqrt())


def _size(weight: Tensor) -> Tensor:
    """|W|; of the two equal values at 0, each has half of the gradient, which so is 0."""
    return weight.maximum(-weight)


def _is_bias(name: str) -> bool:
    return name.rpartition(".")[2] == "bias"


def _weights_of_units(model: Module) -> Iterator[tuple[Tensor, tuple[int, ...]]]:
    for module in model.modules():
        for name, axes in module.fan_in_axes.items():
            yield getattr(module, name), axes
