"""Operators and methods of Tensor: this class body is the table, and each entry is the function that documents it."""

from __future__ import annotations

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

    def __radd__(self, other: Any) -> Tensor:
        return elementwise.add(other, self)

    def __rsub__(self, other: Any) -> Tensor:
        return elementwise.sub(other, self)

    def __rmul__(self, other: Any) -> Tensor:
        return elementwise.mul(other, self)

    def __rtruediv__(self, other: Any) -> Tensor:
        return elementwise.div(other, self)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return elementwise.floor_divide(other, self)

    def __rpow__(self, other: Any) -> Tensor:
        return elementwise.pow(other, self)

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
