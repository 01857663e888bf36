"""A closer look at a step: how large activations, gradients, weights and updates are, and which ReLUs are dead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.autograd import Op
from minigrad.nn.module import Module
from minigrad.tensor import Tensor
from minigrad.train.history import Look
from minigrad.train.outputs import Outputs


class Looking(Outputs):
    """Looks at one step of examples of `shape`: open during the forward pass, then told of gradients and updates."""

    def __init__(self, model: Module, shape: Sequence[int]) -> None:
        super().__init__(model, self._measure)
        self._shape = tuple(shape)
        self._dead: dict[str, float] = {}
        self._means: dict[str, float] = {}
        self._stds: dict[str, float] = {}

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """Note which units of a ReLU are 0 for every example: channels of maps, or single ones."""
        super().applied(op, inputs, params, outs, seconds)
        if op.name == "relu":
            out = outs[0].detach().cpu().numpy()
            alive = (out > 0).any(axis=tuple(axis for axis in range(out.ndim) if axis != 1))
            self._dead[f"relu{len(self._dead) + 1}"] = 1 - float(alive.mean())

    def before_update(self) -> None:
        """Keep a copy of the weights, and measure the gradients."""
        named = dict(self._model.named_parameters())
        self._gradients = _norms({name: _array(p.grad) for name, p in named.items() if p.grad is not None})
        self._weights = {name: _array(p).copy() for name, p in named.items()}

    def after_update(self, step: int) -> Look:
        """What was seen."""
        after = {name: _array(parameter) for name, parameter in self._model.named_parameters()}
        with np.errstate(all="ignore"):  # a training that explodes is to be seen, not to stop here
            updates = {name: after[name] - before for name, before in self._weights.items()}
        norms = (self._gradients, _norms(self._weights), _norms(updates))
        return Look(step, *norms, self._dead, self._means, self._stds, _roughness_of_first(after, self._shape))

    @np.errstate(all="ignore")  # likewise
    def _measure(self, name: str, layer: str, output: Tensor) -> None:
        values = _array(output)
        mean = values.mean(dtype=np.float64)
        self._means[name] = float(mean)
        # Example by example: a copy of all the activations in float64 would be twice their size.
        self._stds[name] = math.sqrt(sum(float(np.square(example - mean).sum()) for example in values) / values.size)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _norms(arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {name: float(np.linalg.norm(array.astype(np.float64))) for name, array in arrays.items()}


def roughness(filters: np.ndarray) -> float:
    """How unlike neighbours in filters (..., H, W) are: the median over filters, nan if none has numbers beside zeros.

    Of one filter it is the mean square of the differences between neighbours, over twice the mean square of the
    weights: 1 for white noise, whatever its deviation, 0 for a constant, 2 for a chessboard.
    """
    filters = filters.astype(np.float64).reshape(len(filters), -1, *filters.shape[-2:])
    with np.errstate(all="ignore"):
        differences = [np.diff(filters, axis=axis).reshape(len(filters), -1) for axis in (2, 3)]
        found = np.square(np.concatenate(differences, axis=1)).mean(1) / (2 * np.square(filters).mean((1, 2, 3)))
    known = found[np.isfinite(found)]
    return float(np.median(known)) if len(known) else math.nan


def _roughness_of_first(weights: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> dict[str, float]:
    """That of the first layer, if it is a convolution or sees whole images (C, H, W) at once."""
    name, weight = next(((name, weight) for name, weight in weights.items() if weight.ndim > 1), ("", np.empty(0)))
    if weight.ndim == 2 and len(shape) == 3 and weight.shape[1] == math.prod(shape):
        weight = weight.reshape(-1, *shape)
    if weight.ndim != 4 or max(weight.shape[2:]) == 1:
        return {}
    return {name: roughness(weight)}
