"""Adagrad."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.autograd import Change
from minigrad.ops.optimise import ADAGRAD as STEP
from minigrad.optim.optimizer import Group, Optimizer, numbers
from minigrad.tensor import Tensor


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares.

    g = grad + weight_decay * w;  s = s + g^2;  w = w - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps) in step t.

    Parameters
    ----------
    params
        Parameters, or groups with settings of their own.
    lr, lr_decay
        Learning rate, and how fast it falls.
    weight_decay
        lambda of the L2 penalty lambda / 2 |w|^2.
    initial_accumulator_value
        What s starts from.
    eps
        Keeps the quotient finite.

    References
    ----------
    .. [1] Duchi et al., Adaptive subgradient methods for online learning and stochastic optimization, JMLR 12 (2011),
       section 1.1.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """Raise DataError or DTypeError if a group's settings are wrong."""
        self.require_not_negative(group, *self.defaults)

    def update(self, parameter: Tensor, grad: Tensor, group: Group) -> Change:
        """Return the change of one parameter, and its sum of squares."""
        steps = self.steps(parameter)
        lr, lr_decay, fill = numbers(group, "lr", "lr_decay", "initial_accumulator_value")
        total = self.buffer(parameter, "sum", fill=fill)
        scalars = lr / (1 + steps * lr_decay), *numbers(group, "eps", "weight_decay")
        self.state[parameter]["step"] = steps + 1
        return STEP, (parameter, total, grad), scalars
