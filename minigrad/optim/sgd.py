"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.autograd import Change
from minigrad.checks import as_flag, as_number
from minigrad.errors import DataError
from minigrad.ops.optimise import SGD as STEP
from minigrad.optim.optimizer import Group, Optimizer, numbers
from minigrad.tensor import Tensor


class SGD(Optimizer):
    """Gradient descent with momentum, dampening, Nesterov's form, and weight decay.

    g = grad + weight_decay * w;  v = momentum * v + (1 - dampening) * g, starting as v = g;
    w = w - lr * v, or with nesterov w = w - lr * (g + momentum * v). Without momentum w = w - lr * g.

    Parameters
    ----------
    params
        Parameters, or groups with settings of their own.
    lr
        Learning rate.
    momentum, dampening
        How much of the velocity stays; how much of the gradient does not enter it.
    weight_decay
        lambda of the L2 penalty lambda / 2 |w|^2.
    nesterov
        Look ahead; needs momentum and no dampening.

    References
    ----------
    .. [1] Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013, section 2.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """Raise DataError or DTypeError if a group's settings are wrong."""
        self.require_not_negative(group, "lr", "momentum", "weight_decay")
        as_number("SGD", "dampening", group["dampening"])
        as_flag("SGD", "nesterov", group["nesterov"])
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise DataError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def update(self, parameter: Tensor, grad: Tensor, group: Group) -> Change:
        """Return the change of one parameter, and its velocity."""
        is_first = "momentum_buffer" not in self.state.get(parameter, {})
        velocity = self.buffer(parameter, "momentum_buffer", group["momentum"] != 0)
        scalars = numbers(group, "lr", "momentum", "dampening", "weight_decay")
        return STEP, (parameter, velocity, grad), (*scalars, group["nesterov"], is_first)
