"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.autograd import apply_in_place
from minigrad.backends.base import Spec
from minigrad.errors import DataError
from minigrad.ops.optimise import SGD as SGD_STEP
from minigrad.ops.transfer import to
from minigrad.optim.optimizer import Group, Optimizer, require_at_least
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
        """Raise DataError if a group's settings are wrong."""
        for name in ("lr", "momentum", "weight_decay"):
            require_at_least("SGD", group, name, 0)
        require_at_least("SGD", group, "dampening", -float("inf"))
        if group["nesterov"] and (group["momentum"] == 0 or group["dampening"] != 0):
            raise DataError("SGD: nesterov needs a momentum above 0 and a dampening of 0")

    def update(self, parameter: Tensor, grad: Tensor, group: Group) -> None:
        """Change one parameter, and its velocity, in place."""
        buffer, first = self._velocity(parameter, group["momentum"])
        names = ("lr", "momentum", "dampening", "weight_decay")
        scalars = (*[float(group[name]) for name in names], bool(group["nesterov"]), first)
        apply_in_place(SGD_STEP, (parameter, buffer, grad), scalars)

    def _velocity(self, parameter: Tensor, momentum: float) -> tuple[Tensor, bool]:
        """The velocity, and whether it is new; without momentum it has no elements."""
        if momentum == 0:
            spec = Spec((0,), parameter.dtype)
            return Tensor(parameter.backend.empty(spec), spec, parameter.backend), True
        entries = self.state.get(parameter)
        if entries is None:
            buffer = Tensor(parameter.backend.empty(parameter.spec), parameter.spec, parameter.backend)
        else:
            buffer = to(entries["momentum_buffer"], dtype=parameter.dtype, device=parameter.device)  # it may have moved
        self.state[parameter] = {"momentum_buffer": buffer}
        return buffer, entries is None
