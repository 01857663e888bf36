"""Kinks: points where a function is continuous but has no derivative, and how a step over one is seen.

Between its kinks a network is smooth. On which smooth piece a point lies is decided by masks, winners and signs: by
which side of 0 a ReLU's input is on, where a window has its largest element, which margins are violated. They are
recorded while the function runs; two points with equal records lie on one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd import Op
from minigrad.data.given import require_given
from minigrad.dtypes import FLOATS
from minigrad.ops.activation import RELU
from minigrad.ops.compare import MAXIMUM, MINIMUM
from minigrad.ops.conv import CONV2D_RELU
from minigrad.ops.elementwise import ABS, FLOOR, FLOOR_DIVIDE, TRUNC
from minigrad.ops.extremes import AMAX, AMIN
from minigrad.ops.matmul import LINEAR_RELU
from minigrad.tape import Observer
from minigrad.tensor import Tensor

Decides = Callable[[Sequence[Any], Sequence[Any]], Any]
"""`decides(inputs, outputs)`, NumPy arrays: an array that is equal at all points of a smooth piece."""


def _winner(inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
    return np.sign(inputs[0] - inputs[1])


_DECIDES: dict[Op, Decides] = {
    **dict.fromkeys((RELU, CONV2D_RELU, LINEAR_RELU), lambda inputs, outputs: outputs[0] > 0),
    ABS: lambda inputs, outputs: np.sign(inputs[0]),
    MAXIMUM: _winner,
    MINIMUM: _winner,
    **dict.fromkeys((FLOOR, FLOOR_DIVIDE, TRUNC), lambda inputs, outputs: outputs[0]),
}
_EXTREMES = (AMAX, AMIN)
# A shift by a detached one, as in logsumexp, is no kink: what depends on it cancels, or the gradient is wrong.
_CONTINUOUS = frozenset((RELU, CONV2D_RELU, LINEAR_RELU, ABS, MAXIMUM, MINIMUM, *_EXTREMES))


def declare_kinks(op: Op, decides: Decides) -> None:
    """Say what decides between the smooth pieces of an op, so that `gradcheck` sees when a step crosses a kink.

    Outputs that are no floats, such as comparisons and indices, are recorded anyway: an op that has one which decides
    needs no declaration.

    Parameters
    ----------
    op
        A `minigrad.Op`.
    decides
        `decides(inputs, outputs)`, of NumPy arrays: an array that is equal at all points of a piece, and another on
        each other piece; for a ReLU, ``outputs[0] > 0``.
    """
    require_given("declare_kinks", op=op, decides=decides)
    _DECIDES[op] = decides


class Pieces(Observer):
    """Records on which smooth piece of each op its inputs lie: `with Pieces() as pieces: f(x)`, then `pieces.taken`."""

    def __enter__(self) -> Pieces:
        self.taken: list[tuple[str, bytes]] = []
        super().__enter__()
        return self

    def applied(
        self, op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...], outs: Sequence[Tensor], seconds: float
    ) -> None:
        """Add what decides, if anything does."""
        decides = _DECIDES.get(op)
        if op in _CONTINUOUS and not any(given.requires_grad for given in inputs):
            return
        if op in _EXTREMES:
            places = _numpy(inputs[0]) == np.expand_dims(_numpy(outs[0]), params[0])
            self.taken.append((op.name, places.tobytes()))
        elif decides is not None:
            found = decides([_numpy(given) for given in inputs], [_numpy(out) for out in outs])
            self.taken.append((op.name, np.asarray(found).tobytes()))
        else:
            self.taken += [(op.name, _numpy(out).tobytes()) for out in outs if out.dtype not in FLOATS]


def _numpy(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy()
