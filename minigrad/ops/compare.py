"""Comparisons, and what chooses between elements by them: where, maximum, minimum, clamp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad import dtypes
from minigrad.autograd import Op, apply, infer_elementwise
from minigrad.backends.base import Spec
from minigrad.errors import DataError, DTypeError
from minigrad.ops.arguments import listed, require_tensor
from minigrad.ops.promotion import as_tensors, expanded, operands
from minigrad.ops.reduce import broadcast_shape, expand
from minigrad.tensor import Tensor


def elements(out: Spec, *_: Any) -> int:
    """One floating-point operation for each element of the output."""
    return out.size


def _comparison(name: str) -> Op:
    def infer(x: Spec, y: Spec) -> Spec:
        return Spec(infer_elementwise(x, y).shape, dtypes.bool_)

    return Op(name, ("input", "other"), infer, constant_in=("input", "other"), flops=elements)


def _contest(name: str, loses: Callable[[Tensor, Tensor], Tensor]) -> Op:
    """The winner of two elements takes the gradient; a tie halves it; NaN passes it to both, as in PyTorch."""

    def rule(grad: Tensor, own: Tensor, rival: Tensor) -> Tensor:
        return where(loses(own, rival), 0.0, where(eq(own, rival), grad * 0.5, grad))

    rules = {
        "input": lambda grad, input, other: rule(grad, input, other),
        "other": lambda grad, input, other: rule(grad, other, input),
    }
    return Op(name, ("input", "other"), infer_elementwise, vjp=rules, flops=elements)


EQUAL, NOT_EQUAL = _comparison("equal"), _comparison("not_equal")
LESS, LESS_EQUAL = _comparison("less"), _comparison("less_equal")
GREATER, GREATER_EQUAL = _comparison("greater"), _comparison("greater_equal")
WHERE: Op = Op(
    "where",
    ("condition", "input", "other"),
    lambda condition, x, y: Spec(condition.shape, x.dtype),
    vjp={
        "input": lambda grad, condition: where(condition, grad, 0.0),
        "other": lambda grad, condition: where(condition, 0.0, grad),
    },
    linear_in=("input", "other"),
)
MAXIMUM = _contest("maximum", lambda own, rival: lt(own, rival))
MINIMUM = _contest("minimum", lambda own, rival: gt(own, rival))


def eq(input: Any, other: Any) -> Tensor:
    """Input == other, as bool, broadcast."""
    return apply(EQUAL, operands("eq", input, other))


def ne(input: Any, other: Any) -> Tensor:
    """Input != other, as bool, broadcast."""
    return apply(NOT_EQUAL, operands("ne", input, other))


def lt(input: Any, other: Any) -> Tensor:
    """Input < other, as bool, broadcast."""
    return apply(LESS, operands("lt", input, other))


def le(input: Any, other: Any) -> Tensor:
    """Input <= other, as bool, broadcast."""
    return apply(LESS_EQUAL, operands("le", input, other))


def gt(input: Any, other: Any) -> Tensor:
    """Input > other, as bool, broadcast."""
    return apply(GREATER, operands("gt", input, other))


def ge(input: Any, other: Any) -> Tensor:
    """Input >= other, as bool, broadcast."""
    return apply(GREATER_EQUAL, operands("ge", input, other))


def where(condition: Tensor, input: Any, other: Any) -> Tensor:
    """Elements of input where condition holds, else of other; all three broadcast.

    Parameters
    ----------
    condition
        Bool tensor.
    input, other
        Tensors or Python numbers, promoted to a common dtype.
    """
    require_tensor("where", condition=condition)
    if condition.dtype != dtypes.bool_:
        raise DTypeError(listed("where: condition must be bool; write condition != 0", condition=condition.spec))
    x, y = operands("where", *as_tensors("where", input, other, condition))
    shape = broadcast_shape("where", condition=condition.spec, input=x.spec, other=y.spec)
    return apply(WHERE, (expand(condition, shape), expanded(x, shape), expanded(y, shape)))


def maximum(input: Any, other: Any) -> Tensor:
    """The larger of two elements, broadcast; NaN if either is; a tie halves the gradient."""
    return apply(MAXIMUM, operands("maximum", input, other))


def minimum(input: Any, other: Any) -> Tensor:
    """The smaller of two elements, broadcast; NaN if either is; a tie halves the gradient."""
    return apply(MINIMUM, operands("minimum", input, other))


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """min(max(input, min), max): max where min exceeds it; NaN if any of them is.

    The gradient goes to input within the bounds and on them, outside to the bound that stands in for it.

    Parameters
    ----------
    min, max
        Numbers or tensors, broadcast and promoted with input; one of them may be None.
    """
    require_tensor("clamp", input=input)
    if min is None and max is None:
        raise DataError("clamp: one of min and max at least is required, both are None")
    # What lies outside still has a say in the value, so that a NaN stays one, but none in the gradient.
    out = input if min is None else where(ge(input, min), input, maximum(input.detach(), min))
    return out if max is None else where(le(out, max), out, minimum(out.detach(), max))
