"""Elementwise ops: arithmetic, comparisons, functions of one variable, selection, casts.

Operands of different dtypes are cast to the promoted one, and of different shapes expanded, by ops of their own, whose
rules undo it in the gradient: every op below sees equal specs. A 0-d operand that needs no gradient goes as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd import ADD, CLONE, Op, apply, infer_elementwise
from minigrad.backends.base import Spec
from minigrad.dtypes import FLOATS, DType
from minigrad.errors import DataError, DTypeError
from minigrad.ops.arguments import listed, require_float, require_tensor
from minigrad.ops.reduce import broadcast_shape, expand
from minigrad.tensor import Tensor, wrap


def _elements(out: Spec, *_: Any) -> int:
    return out.size


def _binary(name: str, vjp: dict[str, Callable[..., Tensor]], linear_in: tuple[str, ...] = ()) -> Op:
    return Op(name, ("input", "other"), infer_elementwise, vjp=vjp, linear_in=linear_in, flops=_elements)


def _unary(name: str, vjp: Callable[..., Tensor], linear_in: tuple[str, ...] = ()) -> Op:
    return Op(name, ("input",), lambda x: x, vjp={"input": vjp}, linear_in=linear_in, flops=_elements)


def _comparison(name: str) -> Op:
    def infer(x: Spec, y: Spec) -> Spec:
        return Spec(infer_elementwise(x, y).shape, dtypes.bool_)

    return Op(name, ("input", "other"), infer, constant_in=("input", "other"), flops=_elements)


def _pow_input_rule(grad: Tensor, input: Tensor, other: Tensor) -> Tensor:
    return where(eq(other, 0), 0.0, grad * other * pow(input, other - 1))


def _pow_other_rule(grad: Tensor, input: Tensor, other: Tensor, out: Tensor) -> Tensor:
    at_zero = mul(eq(input, 0), ge(other, 0))
    return where(at_zero, 0.0, grad * out * log(input))


def _winner_rule(grad: Tensor, loses: Tensor, ties: Tensor) -> Tensor:
    """The larger (or smaller) operand takes the gradient; a tie halves it; NaN passes it to both, as in PyTorch."""
    return where(loses, 0.0, where(ties, grad * 0.5, grad))


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
POW = _binary("pow", {"input": _pow_input_rule, "other": _pow_other_rule})
MAXIMUM = _binary(
    "maximum",
    {
        "input": lambda grad, input, other: _winner_rule(grad, lt(input, other), eq(input, other)),
        "other": lambda grad, input, other: _winner_rule(grad, lt(other, input), eq(input, other)),
    },
)
MINIMUM = _binary(
    "minimum",
    {
        "input": lambda grad, input, other: _winner_rule(grad, gt(input, other), eq(input, other)),
        "other": lambda grad, input, other: _winner_rule(grad, gt(other, input), eq(input, other)),
    },
)
EQUAL, NOT_EQUAL = _comparison("equal"), _comparison("not_equal")
LESS, LESS_EQUAL = _comparison("less"), _comparison("less_equal")
GREATER, GREATER_EQUAL = _comparison("greater"), _comparison("greater_equal")

NEG = _unary("neg", lambda grad: neg(grad), linear_in=("input",))
EXP = _unary("exp", lambda grad, out: mul(grad, out))
LOG = _unary("log", lambda grad, input: div(grad, input))
SQRT = _unary("sqrt", lambda grad, out: div(grad, mul(out, 2.0)))
TANH = _unary("tanh", lambda grad, out: mul(grad, 1.0 - out * out))
SIGMOID = _unary("sigmoid", lambda grad, out: mul(grad, out * (1.0 - out)))
RELU = _unary("relu", lambda grad, out: apply(RELU_INPUT_GRAD, (grad, out)))
RELU_INPUT_GRAD: Op = Op(
    "relu_input_grad",
    ("dy", "y"),
    infer_elementwise,
    vjp={"dy": lambda grad, y: apply(RELU_INPUT_GRAD, (grad, y))},
    constant_in=("y",),
    linear_in=("dy",),
    flops=_elements,
)

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
CAST: Op = Op(
    "cast",
    ("input",),
    lambda x, dtype: Spec(x.shape, dtype),
    out_params=("dtype",),
    vjp={"input": lambda grad, input_spec: cast(grad, input_spec.dtype)},
    linear_in=("input",),
)


def add(input: Any, other: Any) -> Tensor:
    """Input + other, broadcast."""
    x, y = _operands("add", input, other)
    return apply(ADD, (x, y))


def sub(input: Any, other: Any) -> Tensor:
    """Input - other, broadcast."""
    x, y = _operands("sub", input, other)
    if x.dtype == dtypes.bool_:
        raise DTypeError(listed("sub: bool tensors have no difference; use ne", input=x.spec, other=y.spec))
    return apply(SUB, (x, y))


def mul(input: Any, other: Any) -> Tensor:
    """Input * other, elementwise, broadcast."""
    x, y = _operands("mul", input, other)
    return apply(MUL, (x, y))


def div(input: Any, other: Any) -> Tensor:
    """Input / other, elementwise, broadcast; integers are divided as float32."""
    x, y = _operands("div", input, other, floating=True)
    return apply(DIV, (x, y))


def pow(input: Any, other: Any) -> Tensor:
    """Input to the power of other, elementwise, broadcast.

    The gradient of the base is 0 where the exponent is 0; that of the exponent is 0 where the base is 0 and the
    exponent is not negative.
    """
    x, y = _operands("pow", input, other)
    if x.dtype not in FLOATS and y.numel() and bool((y.backend.to_numpy(y.array) < 0).any()):
        raise DataError("pow: an integer to a negative power is no integer; write input.to(minigrad.float32)")
    return apply(POW, (x, y))


def maximum(input: Any, other: Any) -> Tensor:
    """The larger of two elements, broadcast; NaN if either is; a tie halves the gradient."""
    x, y = _operands("maximum", input, other)
    return apply(MAXIMUM, (x, y))


def minimum(input: Any, other: Any) -> Tensor:
    """The smaller of two elements, broadcast; NaN if either is; a tie halves the gradient."""
    x, y = _operands("minimum", input, other)
    return apply(MINIMUM, (x, y))


def eq(input: Any, other: Any) -> Tensor:
    """Input == other, as bool, broadcast."""
    return apply(EQUAL, _operands("eq", input, other))


def ne(input: Any, other: Any) -> Tensor:
    """Input != other, as bool, broadcast."""
    return apply(NOT_EQUAL, _operands("ne", input, other))


def lt(input: Any, other: Any) -> Tensor:
    """Input < other, as bool, broadcast."""
    return apply(LESS, _operands("lt", input, other))


def le(input: Any, other: Any) -> Tensor:
    """Input <= other, as bool, broadcast."""
    return apply(LESS_EQUAL, _operands("le", input, other))


def gt(input: Any, other: Any) -> Tensor:
    """Input > other, as bool, broadcast."""
    return apply(GREATER, _operands("gt", input, other))


def ge(input: Any, other: Any) -> Tensor:
    """Input >= other, as bool, broadcast."""
    return apply(GREATER_EQUAL, _operands("ge", input, other))


def neg(input: Tensor) -> Tensor:
    """-input."""
    require_tensor("neg", input=input)
    if input.dtype == dtypes.bool_:
        raise DTypeError(listed("neg: a bool tensor has no negative", input=input.spec))
    return apply(NEG, (input,))


def exp(input: Tensor) -> Tensor:
    """E to the power of input."""
    return apply(EXP, (_as_float("exp", input),))


def log(input: Tensor) -> Tensor:
    """Natural logarithm; -inf at 0, NaN below."""
    return apply(LOG, (_as_float("log", input),))


def sqrt(input: Tensor) -> Tensor:
    """Square root; NaN below 0."""
    return apply(SQRT, (_as_float("sqrt", input),))


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return apply(TANH, (_as_float("tanh", input),))


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-input)), without overflow on either side."""
    return apply(SIGMOID, (_as_float("sigmoid", input),))


def relu(input: Tensor) -> Tensor:
    """max(input, 0); the derivative at 0 is 0; NaN propagates."""
    require_float("relu", input=input)
    return apply(RELU, (input,))


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
    x, y = _operands("where", *_as_tensors("where", input, other, condition))
    shape = broadcast_shape("where", condition=condition.spec, input=x.spec, other=y.spec)
    return apply(WHERE, (expand(condition, shape), _expanded(x, shape), _expanded(y, shape)))


def cast(input: Tensor, dtype: Any) -> Tensor:
    """The same values in another dtype; the tensor itself if it has it. Float to integer truncates towards zero."""
    require_tensor("cast", input=input)
    wanted = dtypes.as_dtype(dtype)
    return input if input.dtype == wanted else apply(CAST, (input,), (wanted,))


def clone(input: Tensor) -> Tensor:
    """A copy in memory of its own; the gradient passes through."""
    require_tensor("clone", input=input)
    return apply(CLONE, (input,))


def _as_float(op: str, input: Tensor) -> Tensor:
    require_tensor(op, input=input)
    return input if input.dtype in FLOATS else cast(input, dtypes.DEFAULT)


def _operands(op: str, input: Any, other: Any, floating: bool = False) -> tuple[Tensor, Tensor]:
    """Both operands as tensors of one dtype and one shape."""
    if isinstance(input, Tensor) and isinstance(other, Tensor) and input.spec == other.spec:
        x, y = input, other
    else:
        x, y = _promoted(*_as_tensors(op, input, other))
        if x.spec.shape != y.spec.shape:
            shape = broadcast_shape(op, input=x.spec, other=y.spec)
            x, y = _expanded(x, shape), _expanded(y, shape)
    if floating and x.dtype not in FLOATS:
        return cast(x, dtypes.DEFAULT), cast(y, dtypes.DEFAULT)
    return x, y


def _as_tensors(op: str, input: Any, other: Any, model: Tensor | None = None) -> tuple[Tensor, Tensor]:
    model = input if isinstance(input, Tensor) else other if isinstance(other, Tensor) else model
    if model is None:
        raise DTypeError(f"{op}: a Tensor is required, got {type(input).__name__} and {type(other).__name__}")
    return _as_operand(op, input, model), _as_operand(op, other, model)


def _as_operand(op: str, value: Any, model: Tensor) -> Tensor:
    """A number as a 0-d tensor of the model's dtype, or of the default dtype of the number's kind if that is higher."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray):
        raise DTypeError(f"{op}: a NumPy array must be wrapped first; write minigrad.from_numpy(array)")
    if not isinstance(value, bool | int | float | np.generic):
        raise DTypeError(f"{op}: tensors and numbers are required, got {type(value).__name__}")
    dtype = dtypes.promote_weak(model.dtype, _dtype_of_number(value))
    try:
        return wrap(np.asarray(value, dtype=dtype), model.backend)
    except OverflowError:
        raise DataError(f"{op}: {value} does not fit {dtype.name}") from None


def _dtype_of_number(value: Any) -> DType:
    if isinstance(value, float | np.floating):
        return dtypes.DEFAULT
    return dtypes.bool_ if isinstance(value, bool | np.bool_) else dtypes.int64


def _promoted(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Both in the dtype of the result, to which a 0-d tensor beside another only adds its kind."""
    if x.dtype == y.dtype:
        return x, y
    if (x.ndim == 0) == (y.ndim == 0):
        dtype = dtypes.promote(x.dtype, y.dtype)
    else:
        dtype = dtypes.promote_weak(y.dtype, x.dtype) if x.ndim == 0 else dtypes.promote_weak(x.dtype, y.dtype)
    return cast(x, dtype), cast(y, dtype)


def _expanded(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x.shape == () and not x.requires_grad else expand(x, shape)
