"""Operators and methods of Tensor: this class body is the table, and each entry is the function that documents it."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from minigrad import autograd, tape
from minigrad.ops import (
    activation,
    casts,
    compare,
    elementwise,
    extremes,
    gather,
    index,
    join,
    matmul,
    reduce,
    shape,
    slicing,
    softmax,
    statistics,
    transfer,
)
from minigrad.tensor import Tensor


def _reflected(function: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    def _method(self: Any, other: Any) -> Tensor:
        return function(other, self)

    return _method


class Methods:
    """What `minigrad.tensor.Tensor` is given; type checkers see it as Tensor's base."""

    __slots__ = ()

    add = __add__ = elementwise.add
    sub = __sub__ = elementwise.sub
    mul = __mul__ = elementwise.mul
    div = __truediv__ = elementwise.div
    pow = __pow__ = elementwise.pow
    floor_divide = __floordiv__ = elementwise.floor_divide
    neg = __neg__ = elementwise.neg
    abs = __abs__ = elementwise.abs
    eq = __eq__ = compare.eq  # type: ignore[assignment]  # elementwise, where object's gives a bool
    ne = __ne__ = compare.ne  # type: ignore[assignment]  # likewise
    lt = __lt__ = compare.lt
    le = __le__ = compare.le
    gt = __gt__ = compare.gt
    ge = __ge__ = compare.ge

    __radd__ = _reflected(elementwise.add)
    __rsub__ = _reflected(elementwise.sub)
    __rmul__ = _reflected(elementwise.mul)
    __rtruediv__ = _reflected(elementwise.div)
    __rfloordiv__ = _reflected(elementwise.floor_divide)
    __rpow__ = _reflected(elementwise.pow)

    sign = elementwise.sign
    square = elementwise.square
    floor = elementwise.floor
    trunc = elementwise.trunc
    exp = elementwise.exp
    expm1 = elementwise.expm1
    log = elementwise.log
    log1p = elementwise.log1p
    sqrt = elementwise.sqrt
    tanh = elementwise.tanh
    sigmoid = elementwise.sigmoid
    erf = elementwise.erf
    relu = activation.relu
    maximum = compare.maximum
    minimum = compare.minimum
    clamp = compare.clamp
    clone = elementwise.clone
    to = transfer.to
    float = casts.float
    double = casts.double
    long = casts.long
    int = casts.int
    bool = casts.bool

    mm = matmul.mm
    bmm = matmul.bmm
    outer = matmul.outer
    matmul = __matmul__ = matmul.matmul
    sum = reduce.sum
    mean = reduce.mean
    cumsum = reduce.cumsum
    expand = reduce.expand
    amax = extremes.amax
    amin = extremes.amin
    argmax = extremes.argmax
    argmin = extremes.argmin
    max = extremes.max
    min = extremes.min
    var = statistics.var
    std = statistics.std
    logsumexp = statistics.logsumexp
    norm = statistics.norm
    scatter_add = gather.scatter_add
    gather = gather.gather
    __getitem__ = index.getitem
    flip = slicing.flip
    split = join.split
    chunk = join.chunk
    log_softmax = softmax.log_softmax
    softmax = softmax.softmax

    reshape = view = shape.reshape
    flatten = shape.flatten
    permute = shape.permute
    transpose = shape.transpose
    squeeze = shape.squeeze
    unsqueeze = shape.unsqueeze

    @property
    def T(self: Any) -> Tensor:  # noqa: N802 - the name that NumPy and PyTorch use
        """The axes in reverse order."""
        return shape.permute(self, *reversed(range(self.ndim)))

    @property
    def mT(self: Any) -> Tensor:  # noqa: N802 - likewise
        """The last two axes exchanged."""
        return shape.transpose(self, -2, -1)

    backward = autograd.backward
    register_hook = tape.register_hook
    retain_grad = tape.retain_grad


for _name, _method in vars(Methods).items():
    if isinstance(_method, FunctionType | property):
        setattr(Tensor, _name, _method)
