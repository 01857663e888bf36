"""Checking what users pass, before any kernel runs: hyper-parameters as Python integers, axes, dtypes, devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad import autograd
from minigrad.autograd import Op
from minigrad.backends.base import Spec
from minigrad.checks import as_flag, as_int, as_list, as_number, as_one_of, as_positive, require_like, scalar, shown
from minigrad.dtypes import FLOATS, DType
from minigrad.errors import DTypeError, ShapeError
from minigrad.tensor import Tensor, tensors_of

# Exported once more, so that ops and layers find all that checks their arguments in one module.
__all__ = ["as_flag", "as_int", "as_list", "as_number", "as_one_of", "as_positive", "require_like", "scalar", "shown"]


def apply(op: Op, inputs: Sequence[Tensor], params: tuple[Any, ...] = ()) -> Tensor:
    """Run an op and return its output, the first if it has by-products: `autograd.apply`, its arguments checked."""
    if not isinstance(op, Op):
        raise DTypeError(f"apply: op must be a minigrad.Op, got {shown(op)}")
    given, values = tensors_of(op.name, "inputs", inputs), as_list(op.name, "params", params, "values")
    wanted = len(op.params) + len(op.out_params)
    if not given or len(values) != wanted or not (op.variadic or len(given) == len(op.arguments)):
        message = f"{op.name}: {len(op.arguments)} tensors and {wanted} params are required"
        raise ShapeError(f"{message}, got {len(given)} and {len(values)}")
    try:
        return autograd.apply(op, given, tuple(values))
    except AttributeError as error:
        specs = op.infer(*[one.spec for one in given], *values)
        if all(isinstance(spec, Spec) for spec in (specs if len(op.outputs) > 1 else (specs,))):
            raise
        message = f"{op.name}: infer must return a minigrad.Spec for each of {len(op.outputs)} outputs"
        raise DTypeError(f"{message}, got {shown(specs)}") from error


Pair = tuple[int, int]
"""(height, width)."""


def listed(message: str, **specs: Spec) -> str:
    """`message`, then a line for each spec."""
    width = max(map(len, specs)) + 1
    return "\n".join([message, *(f"  {name + ':':{width}} {spec}" for name, spec in specs.items())])


def require_tensor(op: str, **values: Any) -> None:
    """Raise DTypeError unless every value is a Tensor."""
    for name, value in values.items():
        if not isinstance(value, Tensor):
            raise DTypeError(f"{op}: {name} must be a Tensor, this is {type(value).__name__}; use minigrad.tensor")


def require_float(op: str, **values: Tensor) -> None:
    """Raise DTypeError unless every value is a Tensor of float32 or float64."""
    require_tensor(op, **values)
    for name, value in values.items():
        if value.dtype not in FLOATS:
            message = f"{op}: {name} must be float; write {name}.to(minigrad.float32)"
            raise DTypeError(listed(message, **{name: value.spec}))


def require_same_dtype(op: str, **values: Tensor) -> None:
    """Raise DTypeError unless the dtypes are equal; says which cast to write."""
    (first, model), *others = values.items()
    for name, value in others:
        if value.dtype != model.dtype:
            cast = f"{name}.to({first}.dtype)"
            specs = {name: value.spec for name, value in values.items()}
            raise DTypeError(listed(f"{op}: {first} and {name} must have one dtype; write {cast}", **specs))


def require_ndim(op: str, ndim: int, axes: str, **values: Tensor) -> None:
    """Raise ShapeError unless every value has `ndim` axes, which `axes` names."""
    for name, value in values.items():
        if value.ndim != ndim:
            raise ShapeError(listed(f"{op}: {name} must have {ndim} axes, {axes}", **{name: value.spec}))


def as_pair(op: str, name: str, value: Any, minimum: int) -> Pair:
    """One integer for both axes, or one for each: (height, width)."""
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise ShapeError(f"{op}: {name} must be one integer or a pair (height, width), got {shown(value)}")
        return as_int(op, name, value[0], minimum), as_int(op, name, value[1], minimum)
    number = as_int(op, name, value, minimum)
    return number, number


def as_single(op: str, name: str, value: Any, minimum: int) -> int:
    """One integer, or a sequence of one."""
    if isinstance(value, tuple | list):
        if len(value) != 1:
            raise ShapeError(f"{op}: {name} must be one integer, got {shown(value)}")
        value = value[0]
    return as_int(op, name, value, minimum)


def as_probability(op: str, p: Any) -> float:
    """`p` as a float in [0, 1]."""
    return as_number(op, "p, the probability of dropping,", p, 0, 1)


def as_axis(op: str, dim: Any, ndim: int, name: str = "dim") -> int:
    """A non-negative axis; negative ones count from the end."""
    axis = as_int(op, name, dim)
    if not -ndim <= axis < ndim:
        raise ShapeError(f"{op}: {name} must lie in [{-ndim}, {ndim - 1}] for a tensor of {ndim} axes, got {axis}")
    return axis % ndim


def as_axes(op: str, dim: Any, ndim: int, keepdim: bool = False) -> tuple[int, ...]:
    """Distinct non-negative axes in ascending order: all of them for None, else one or several. `keepdim` is a flag."""
    as_flag(op, "keepdim", keepdim)
    if dim is None:
        return tuple(range(ndim))
    axes = [as_axis(op, item, ndim) for item in (dim if isinstance(dim, tuple | list) else (dim,))]
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{op}: dim names an axis twice: {dim}")
    return tuple(sorted(axes))


def as_shape(op: str, sizes: Sequence[Any], minimum: int = -1) -> tuple[int, ...]:
    """A shape given as separate integers or as one sequence; by default -1 is allowed."""
    sizes = unpacked(sizes)
    if all(type(size) is int and size >= minimum for size in sizes):
        return tuple(sizes)
    return tuple(as_int(op, "a length", size, minimum) for size in sizes)


def present(**values: Tensor | None) -> dict[str, Tensor]:
    """The optional tensors that were given."""
    return {name: value for name, value in values.items() if value is not None}


def unpacked(values: Sequence[Any]) -> Sequence[Any]:
    """What was given as separate arguments or as one sequence."""
    return values[0] if len(values) == 1 and isinstance(values[0], tuple | list) else values


def common_dtype(op: str, tensors: Sequence[Tensor]) -> DType:
    """The one dtype of all tensors; DTypeError where they differ."""
    require_same_dtype(op, **{f"tensor_{position}": given for position, given in enumerate(tensors)})
    return tensors[0].dtype
