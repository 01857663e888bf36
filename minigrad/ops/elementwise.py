"""Arithmetic, functions of one variable, copies: elementwise ops on operands that `promotion` has made equal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minigrad import dtypes
from minigrad.autograd import ADD, CLONE, Op, apply, infer_elementwise
from minigrad.dtypes import FLOATS
from minigrad.errors import DataError, DTypeError
from minigrad.ops.arguments import as_number, as_one_of, listed, require_tensor, scalar
from minigrad.ops.compare import elements, eq, ge, gt, lt, ne, where
from minigrad.ops.promotion import as_float, cast, operands
from minigrad.tensor import Tensor

_ERF_SLOPE = 2 / math.sqrt(math.pi)


def _binary(name: str, vjp: dict[str, Callable[..., Tensor]], linear_in: tuple[str, ...] = ()) -> Op:
    return Op(name, ("input", "other"), infer_elementwise, vjp=vjp, linear_in=linear_in, flops=elements)


def _unary(name: str, vjp: Callable[..., Tensor], linear_in: tuple[str, ...] = ()) -> Op:
    return Op(name, ("input",), lambda x: x, vjp={"input": vjp}, linear_in=linear_in, flops=elements)


def _step(name: str, *arguments: str) -> Op:
    """An op that is constant but where it jumps."""
    return Op(name, arguments, lambda x, *y: infer_elementwise(x, *y) if y else x, constant_in=arguments)


def _pow_input_rule(grad: Tensor, input: Tensor, other: Tensor) -> Tensor:
    return where(eq(other, 0), 0.0, grad * other * pow(input, other - 1))


def _pow_other_rule(grad: Tensor, input: Tensor, other: Tensor, out: Tensor) -> Tensor:
    at_zero = mul(eq(input, 0), ge(other, 0))
    return where(at_zero, 0.0, grad * out * log(input))


SUB = _binary("sub", {"input": lambda grad: grad, "other": lambda grad: neg(grad)}, linear_in=("input", "other"))
MUL = _binary(
    "mul",
    {"input": lambda grad, other: mul(grad, other), "other": lambda grad, input: mul(grad, input)},
    linear_in=("input", "other"),
)
DIV = _binary(
    "div",
    {"input": lambda grad, other: div(grad, other), "other": lambda grad, other, out: neg(div(mul(grad, out), other))},
    linear_in=("input",),
)
FLOOR_DIVIDE = _step("floor_divide", "input", "other")
POW = _binary("pow", {"input": _pow_input_rule, "other": _pow_other_rule})

NEG = _unary("neg", lambda grad: neg(grad), linear_in=("input",))
ABS = _unary("abs", lambda grad, input: mul(grad, sign(input)))
FLOOR, TRUNC = _step("floor", "input"), _step("trunc", "input")
EXP = _unary("exp", lambda grad, out: mul(grad, out))
# Not out + 1, which has lost its digits where out is near -1.
EXPM1 = _unary("expm1", lambda grad, input: mul(grad, exp(input)))
LOG = _unary("log", lambda grad, input: div(grad, input))
LOG1P = _unary("log1p", lambda grad, input: div(grad, input + 1.0))
SQRT = _unary("sqrt", lambda grad, out: div(grad, mul(out, 2.0)))
TANH = _unary("tanh", lambda grad, out: mul(grad, 1.0 - out * out))
SIGMOID = _unary("sigmoid", lambda grad, out: mul(grad, out * (1.0 - out)))
ERF = _unary("erf", lambda grad, input: mul(grad, mul(exp(neg(square(input))), _ERF_SLOPE)))


def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """Input + alpha * other, broadcast. Alpha is a number of a kind that the result can hold."""
    x, y = operands("add", input, other)
    return apply(ADD, (x, y if type(alpha) is int and alpha == 1 else _scaled("add", y, alpha)))


def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """Input - alpha * other, broadcast. Alpha is a number of a kind that the result can hold."""
    x, y = operands("sub", input, other)
    if x.dtype == dtypes.bool_:
        raise DTypeError(listed("sub: bool tensors have no difference; use ne", input=x.spec, other=y.spec))
    return apply(SUB, (x, y if type(alpha) is int and alpha == 1 else _scaled("sub", y, alpha)))


def mul(input: Any, other: Any) -> Tensor:
    """Input * other, elementwise, broadcast."""
    x, y = operands("mul", input, other)
    return apply(MUL, (x, y))


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """Input / other, elementwise, broadcast; integers are divided as float32.

    Parameters
    ----------
    rounding_mode
        None; "floor", towards -infinity, or "trunc", towards 0: integers then stay integers, and the quotient, a step
        function, has no gradient.

    Raises
    ------
    DataError
        If integers are divided by 0 and rounded.
    """
    if rounding_mode is None:
        x, y = operands("div", input, other, floating=True)
        return apply(DIV, (x, y))
    x, y = operands("div", input, other)
    as_one_of("div", "rounding_mode", rounding_mode, None, "floor", "trunc")
    _require_not_bool("div", "rounded quotient", x)
    if x.dtype in FLOATS and rounding_mode == "trunc":
        return trunc(apply(DIV, (x, y)))
    if x.dtype not in FLOATS and y.backend.on_host and not y.backend.to_numpy(y.array).all():
        raise DataError("div: an integer divided by 0 is no integer; write input.to(minigrad.float32)")
    floored = apply(FLOOR_DIVIDE, (x, y))
    if rounding_mode == "floor":
        return floored
    return floored + ne(floored * y, x) * lt(floored, 0)


def floor_divide(input: Any, other: Any) -> Tensor:
    """floor(input / other), elementwise, broadcast: `div` with rounding_mode "floor"."""
    return div(input, other, rounding_mode="floor")


def pow(input: Any, other: Any) -> Tensor:
    """Input to the power of other, elementwise, broadcast.

    The gradient of the base is 0 where the exponent is 0; that of the exponent is 0 where the base is 0 and the
    exponent is not negative.
    """
    x, y = operands("pow", input, other)
    if x.dtype not in FLOATS and y.backend.on_host and (y.backend.to_numpy(y.array) < 0).any():
        raise DataError("pow: an integer to a negative power is no integer; write input.to(minigrad.float32)")
    return apply(POW, (x, y))


def neg(input: Tensor) -> Tensor:
    """-input."""
    require_tensor("neg", input=input)
    _require_not_bool("neg", "negative", input)
    return apply(NEG, (input,))


def abs(input: Tensor) -> Tensor:
    """Absolute value; the derivative at 0 is 0."""
    require_tensor("abs", input=input)
    _require_not_bool("abs", "absolute value", input)
    return apply(ABS, (input,))


def sign(input: Tensor) -> Tensor:
    """1 where input > 0, -1 where input < 0, else 0, also for NaN; has no gradient."""
    require_tensor("sign", input=input)
    if input.dtype == dtypes.bool_:
        return input
    return cast(gt(input, 0), input.dtype) - cast(lt(input, 0), input.dtype)


def square(input: Tensor) -> Tensor:
    """Input * input; bools are squared as int64."""
    require_tensor("square", input=input)
    x = cast(input, dtypes.int64) if input.dtype == dtypes.bool_ else input
    return apply(MUL, (x, x))


def floor(input: Tensor) -> Tensor:
    """The largest whole number that is not larger; has no gradient."""
    return _whole("floor", FLOOR, input)


def trunc(input: Tensor) -> Tensor:
    """The number without its fraction; has no gradient."""
    return _whole("trunc", TRUNC, input)


def exp(input: Tensor) -> Tensor:
    """E to the power of input."""
    return apply(EXP, (as_float("exp", input),))


def expm1(input: Tensor) -> Tensor:
    """exp(input) - 1, to full relative accuracy near 0."""
    return apply(EXPM1, (as_float("expm1", input),))


def log(input: Tensor) -> Tensor:
    """Natural logarithm; -inf at 0, NaN below."""
    return apply(LOG, (as_float("log", input),))


def log1p(input: Tensor) -> Tensor:
    """log(1 + input), to full relative accuracy near 0; -inf at -1, NaN below."""
    return apply(LOG1P, (as_float("log1p", input),))


def sqrt(input: Tensor) -> Tensor:
    """Square root; NaN below 0."""
    return apply(SQRT, (as_float("sqrt", input),))


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return apply(TANH, (as_float("tanh", input),))


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input)), without overflow on either side."""
    return apply(SIGMOID, (as_float("sigmoid", input),))


def erf(input: Tensor) -> Tensor:
    """Error function: 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to input."""
    return apply(ERF, (as_float("erf", input),))


def clone(input: Tensor) -> Tensor:
    """A copy in memory of its own; the gradient passes through."""
    require_tensor("clone", input=input)
    return apply(CLONE, (input,))


def _scaled(op: str, other: Tensor, alpha: float) -> Tensor:
    factor = scalar(alpha)
    if not isinstance(factor, bool):
        as_number(op, "alpha", factor)
    scaled = mul(other, factor)
    if scaled.dtype != other.dtype:
        message = f"{op}: alpha must be of the result's kind, {other.dtype.name}, got {alpha!r}"
        raise DTypeError(listed(message, other=other.spec))
    return scaled


def _whole(op: str, rounding: Op, input: Tensor) -> Tensor:
    require_tensor(op, input=input)
    _require_not_bool(op, op, input)
    return apply(rounding, (input,)) if input.dtype in FLOATS else input


def _require_not_bool(op: str, noun: str, input: Tensor) -> None:
    if input.dtype == dtypes.bool_:
        raise DTypeError(listed(f"{op}: a bool tensor has no {noun}", input=input.spec))
