"""A closer look at a step: how large gradients, weights and updates are, and which ReLUs are dead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.autograd import Op
from minigrad.nn.module import Module
from minigrad.ops.activation import RELU
from minigrad.tape import Observer
from minigrad.tensor import Tensor
from minigrad.train.history import Look


class Looking(Observer):
    """Looks at one step: open during the forward pass, then to be told when gradients and updates are there."""

    def __init__(self, model: Module) -> None:
        self._model = model
        self._dead: dict[str, float] = {}

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """Note which units of a ReLU are 0 for every example: channels of maps, or single ones."""
        if RELU in (op, op.epilogue):
            out = outs[0].detach().cpu().numpy()
            alive = (out > 0).any(axis=tuple(axis for axis in range(out.ndim) if axis != 1))
            self._dead[f"relu{len(self._dead) + 1}"] = 1 - float(alive.mean())

    def before_update(self) -> None:
        """Keep a copy of the weights, and measure the gradients."""
        named = dict(self._model.named_parameters())
        self._gradients = _norms({name: _array(p.grad) for name, p in named.items() if p.grad is not None})
        self._before = {name: _array(p).copy() for name, p in named.items()}

    def after_update(self, step: int) -> Look:
        """What was seen."""
        after = {name: _array(parameter) for name, parameter in self._model.named_parameters()}
        with np.errstate(all="ignore"):  # a training that explodes is to be seen, not to stop here
            updates = {name: after[name] - before for name, before in self._before.items()}
        return Look(step, self._gradients, _norms(self._before), _norms(updates), self._dead)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _norms(arrays: Mapping[str, np.ndarray]) -> dict[str, float]:
    return {name: float(np.linalg.norm(array.astype(np.float64))) for name, array in arrays.items()}
