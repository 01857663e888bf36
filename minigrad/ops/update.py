"""Ops that work in place: copies into parameters, random fills. They have no gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from minigrad import random
from minigrad.autograd import Op, apply_in_place
from minigrad.errors import DataError, ShapeError
from minigrad.ops.arguments import as_number, listed, require_float, require_same_dtype, require_tensor
from minigrad.recording import no_grad
from minigrad.tensor import Tensor

COPY: Op = Op("copy", ("target", "source"), lambda *_: None, mutates=1)
LERP: Op = Op("lerp", ("target", "end"), lambda *_: None, params=("weight",), mutates=1)
UNIFORM: Op = Op("uniform", ("target",), lambda *_: None, params=("low", "high", "seed", "stream", "offset"), mutates=1)
NORMAL: Op = Op("normal", ("target",), lambda *_: None, params=("mean", "std", "seed", "stream", "offset"), mutates=1)

_fills: ContextVar[bool] = ContextVar("fills", default=True)


@contextmanager
def without_random_fills() -> Iterator[None]:
    """Leave what would be filled at random as it is, for networks whose weights come from a file: nothing is drawn."""
    token = _fills.set(False)
    try:
        yield
    finally:
        _fills.reset(token)


def copy_(target: Tensor, source: Tensor) -> Tensor:
    """Write the elements of `source`, of the same shape and dtype, into `target`."""
    require_tensor("copy_", target=target, source=source)
    require_same_dtype("copy_", target=target, source=source)
    if target.shape != source.shape:
        raise ShapeError(listed("copy_: shapes must be equal", target=target.spec, source=source.spec))
    apply_in_place(COPY, (target, source))
    return target


@no_grad()
def uniform_(target: Tensor, low: float = 0.0, high: float = 1.0, op: str = "uniform_") -> Tensor:
    """Fill with numbers drawn evenly from [low, high), 24 random bits each, of the initialisation stream."""
    require_float(op, tensor=target)
    first, last = as_number(op, "a", low), as_number(op, "b", high)
    if not -math.inf < first <= last < math.inf:
        raise DataError(f"{op}: a must not exceed b, and both must be finite, got {low} and {high}")
    return _fill_at_random(UNIFORM, target, first, last)


@no_grad()
def normal_(target: Tensor, mean: float = 0.0, std: float = 1.0, op: str = "normal_") -> Tensor:
    """Fill with numbers of a normal distribution, of the initialisation stream."""
    require_float(op, tensor=target)
    return _fill_at_random(NORMAL, target, as_number(op, "mean", mean), as_number(op, "std", std, 0))


def _fill_at_random(op: Op, target: Tensor, first: float, second: float) -> Tensor:
    if _fills.get():
        seed, offset = random.draw(random.INITIALISATION, target.numel())
        apply_in_place(op, (target,), (first, second, seed, random.INITIALISATION, offset))
    return target
