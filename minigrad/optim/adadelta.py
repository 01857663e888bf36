"""Adadelta."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.autograd import Change
from minigrad.checks import as_number
from minigrad.ops.optimise import ADADELTA as STEP
from minigrad.optim.optimizer import Group, Optimizer, numbers
from minigrad.tensor import Tensor


class Adadelta(Optimizer):
    """Steps of the size of recent steps, in units of the parameter: no learning rate is needed.

    g = grad + weight_decay * w;  v = rho * v + (1 - rho) * g^2;  d = sqrt(u + eps) / sqrt(v + eps) * g;
    u = rho * u + (1 - rho) * d^2;  w = w - lr * d. Both averages start at 0.

    Parameters
    ----------
    params
        Parameters, or groups with settings of their own.
    lr
        What a step is multiplied with.
    rho
        How much of the running means stays, in [0, 1].
    eps
        Sets the size of the first steps, and keeps the quotient finite.
    weight_decay
        lambda of the L2 penalty lambda / 2 |w|^2.

    References
    ----------
    .. [1] Zeiler, ADADELTA: an adaptive learning rate method, arXiv:1212.5701, algorithm 1.
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay})

    def check(self, group: Group) -> None:
        """Raise DataError or DTypeError if a group's settings are wrong."""
        self.require_not_negative(group, "lr", "eps", "weight_decay")
        as_number("Adadelta", "rho", group["rho"], 0, 1)

    def update(self, parameter: Tensor, grad: Tensor, group: Group) -> Change:
        """Return the change of one parameter, and its running means."""
        square, delta = self.buffer(parameter, "square_avg"), self.buffer(parameter, "acc_delta")
        return STEP, (parameter, square, delta, grad), numbers(group, "lr", "rho", "eps", "weight_decay")
