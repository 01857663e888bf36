"""RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.autograd import Change
from minigrad.checks import as_flag, as_number
from minigrad.ops.optimise import RMSPROP as STEP
from minigrad.optim.optimizer import Group, Optimizer, numbers
from minigrad.tensor import Tensor


class RMSprop(Optimizer):
    """Gradients divided by the root of a running mean of their squares.

    g = grad + weight_decay * w;  v = alpha * v + (1 - alpha) * g^2;  w = w - lr * g / (sqrt(v) + eps).
    Centred, v is replaced in the root by the variance v - m^2 with m = alpha * m + (1 - alpha) * g.
    With momentum b = momentum * b + g / (sqrt(v) + eps);  w = w - lr * b. All averages start at 0.

    Parameters
    ----------
    params
        Parameters, or groups with settings of their own.
    lr
        Learning rate.
    alpha
        How much of the running means stays, in [0, 1].
    eps
        Keeps the quotient finite.
    weight_decay
        lambda of the L2 penalty lambda / 2 |w|^2.
    momentum
        How much of the velocity b stays.
    centered
        Divide by the standard deviation instead of the root of the mean square.

    References
    ----------
    .. [1] Tieleman and Hinton, Neural networks for machine learning, Coursera 2012, lecture 6e.
    .. [2] Graves, Generating sequences with recurrent neural networks, arXiv:1308.0850, section 3.3: the centred form.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
        }
        super().__init__(params, defaults)

    def check(self, group: Group) -> None:
        """Raise DataError or DTypeError if a group's settings are wrong."""
        self.require_not_negative(group, "lr", "eps", "weight_decay", "momentum")
        as_number("RMSprop", "alpha", group["alpha"], 0, 1)
        as_flag("RMSprop", "centered", group["centered"])

    def update(self, parameter: Tensor, grad: Tensor, group: Group) -> Change:
        """Return the change of one parameter, and its running means."""
        square = self.buffer(parameter, "square_avg")
        mean = self.buffer(parameter, "grad_avg", group["centered"])
        velocity = self.buffer(parameter, "momentum_buffer", group["momentum"] != 0)
        scalars = numbers(group, "lr", "alpha", "eps", "weight_decay", "momentum")
        return STEP, (parameter, square, mean, velocity, grad), scalars
