"""Adam, and AdamW."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from minigrad.autograd import Change
from minigrad.checks import as_flag, is_number, shown
from minigrad.errors import DataError
from minigrad.ops.optimise import ADAM as STEP
from minigrad.optim.optimizer import Group, Optimizer, numbers
from minigrad.tensor import Tensor


class Adam(Optimizer):
    """Running means of the gradient and of its square, corrected for their start at 0.

    g = grad + weight_decay * w;  m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g^2;
    w = w - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps) in step t.

    Parameters
    ----------
    params
        Parameters, or groups with settings of their own.
    lr
        Learning rate.
    betas
        How much of the two running means stays, each in [0, 1).
    eps
        Keeps the quotient finite.
    weight_decay
        lambda of the L2 penalty lambda / 2 |w|^2.
    amsgrad
        Divide by the root of the largest v so far.

    References
    ----------
    .. [1] Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1.
    .. [2] Reddi et al., On the convergence of Adam and beyond, ICLR 2018, algorithm 2: AMSGrad.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """Raise DataError or DTypeError if a group's settings are wrong."""
        self.require_not_negative(group, "lr", "eps", "weight_decay")
        _require_betas(type(self).__name__, group["betas"])
        as_flag(type(self).__name__, "amsgrad", group["amsgrad"])

    def update(self, parameter: Tensor, grad: Tensor, group: Group) -> Change:
        """Return the change of one parameter, and its running means."""
        step = self.steps(parameter) + 1
        mean, square = self.buffer(parameter, "exp_avg"), self.buffer(parameter, "exp_avg_sq")
        largest = self.buffer(parameter, "max_exp_avg_sq", group["amsgrad"])
        beta1, beta2 = map(float, group["betas"])
        lr, eps = numbers(group, "lr", "eps")
        scalars = (lr, beta1, beta2, eps, *self.decays(group), 1 - beta1**step, 1 - beta2**step)
        self.state[parameter]["step"] = step
        return STEP, (parameter, mean, square, largest, grad), scalars

    def decays(self, group: Group) -> tuple[float, float]:
        """Weight decay as part of the gradient, and as a shrinkage of the weights."""
        return float(group["weight_decay"]), 0.0


class AdamW(Adam):
    """Adam whose weight decay is no part of the gradient: weights shrink by lr * weight_decay before each step.

    w = (1 - lr * weight_decay) * w, then Adam's step with g = grad. Parameters are those of Adam.

    References
    ----------
    .. [1] Loshchilov and Hutter, Decoupled weight decay regularization, ICLR 2019, algorithm 2.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def decays(self, group: Group) -> tuple[float, float]:
        """Weight decay as part of the gradient, and as a shrinkage of the weights."""
        lr, weight_decay = numbers(group, "lr", "weight_decay")
        return 0.0, lr * weight_decay


def _require_betas(owner: str, value: Any) -> None:
    """Raise DataError unless the decay rates of the two averages are numbers in [0, 1)."""
    is_pair = isinstance(value, Sequence) and len(value) == 2
    if not (is_pair and all(is_number(beta) and 0 <= beta < 1 for beta in value)):
        raise DataError(f"{owner}: betas must be two numbers in [0, 1), got {shown(value)}")
