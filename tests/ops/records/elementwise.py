"""Records of arithmetic, comparisons, functions of one variable, selection and casts."""

from functools import partial

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad import autograd, dtypes
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.ops import elementwise as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import away_from_zero, few, floats, positive
from minigrad.testing.strategies import broadcastable_shapes, samples, shapes
from minigrad.testing.tolerance import absolute, exact

NUMBERS = (dtypes.float32, dtypes.float64, dtypes.int64, dtypes.int32, dtypes.uint8)


def unary(fill):
    return samples(lambda rng, shape: Sample((fill(rng, shape),)), shape=shapes())


def binary(fill, other_fill):
    def build(rng, drawn):
        return Sample((fill(rng, drawn[0]), other_fill(rng, drawn[1])))

    return samples(build, drawn=broadcastable_shapes())


def no_tensor(name, argument="input"):
    return ErrorInput(("text",), DTypeError, f"{name}: {argument} must be a Tensor, this is str; use minigrad.tensor")


def binary_errors(name):
    wide, narrow = np.zeros((2, 3), np.float32), np.zeros(4, np.float32)
    return (
        ErrorInput(
            (wide, narrow),
            ShapeError,
            f"{name}: shapes (2, 3) and (4,) do not broadcast: lengths 3 and 4 differ\n"
            "  input: float32[2, 3]\n"
            "  other: float32[4]",
        ),
        ErrorInput((wide, "text"), DTypeError, f"{name}: tensors and numbers are required, got str"),
        ErrorInput((1.0, 2.0), DTypeError, f"{name}: a Tensor is required, got float and float"),
    )


def arithmetic(function, op, fills=(floats, floats), **options):
    name = function.__name__
    options = {"error_inputs": binary_errors(name), "nan": (0, 1), **options}
    return OpSpec(name, function, binary(*fills), op, **options)


def smooth(function, op, fill=floats):
    return OpSpec(function.__name__, function, unary(fill), op, error_inputs=(no_tensor(function.__name__),), nan=(0,))


def whole(function, op):
    name = function.__name__
    errors = (
        no_tensor(name),
        ErrorInput(BOOLS[:1], DTypeError, f"{name}: a bool tensor has no {name}\n  input: bool[2]"),
    )
    return OpSpec(name, function, unary(floats), op, order=0, tolerance=exact, dtypes=NUMBERS, error_inputs=errors)


def scaled():
    """Operands and a factor that all dtypes can hold."""

    def build(rng, drawn, alpha):
        return Sample((floats(rng, drawn[0]), floats(rng, drawn[1])), {"alpha": alpha})

    return samples(build, drawn=broadcastable_shapes(), alpha=st.sampled_from((0, 2, 3)))


def alpha_error(name):
    message = f"{name}: alpha must be of the result's kind, int64, got 0.5\n  other: int64[2]"
    return ErrorInput((np.zeros(2, np.int64),) * 2, DTypeError, message, {"alpha": 0.5})


def rounding_errors(*name):
    """Those of `div`, which has to be told to round."""
    options = {"rounding_mode": "floor"} if name else {}
    zero = "div: an integer divided by 0 is no integer; write input.to(minigrad.float32)"
    no_bool = "div: a bool tensor has no rounded quotient\n  input: bool[2]"
    return (
        ErrorInput((np.ones(2, np.int64), np.array([1, 0])), DataError, zero, options),
        ErrorInput(BOOLS, DTypeError, no_bool, options),
    )


BOOLS = np.zeros(2, bool), np.ones(2, bool)

RECORDS = [
    arithmetic(mg.add, autograd.ADD, dtypes=NUMBERS, error_inputs=(*binary_errors("add"), alpha_error("add"))),
    arithmetic(
        mg.sub,
        ops.SUB,
        dtypes=NUMBERS,
        error_inputs=(
            *binary_errors("sub"),
            alpha_error("sub"),
            ErrorInput(
                BOOLS,
                DTypeError,
                "sub: bool tensors have no difference; use ne\n  input: bool[2]\n  other: bool[2]",
            ),
        ),
    ),
    *(
        OpSpec(
            f"{function.__name__} with alpha", function, scaled(), linear=(0, 1), dtypes=NUMBERS, tolerance=absolute(8)
        )
        for function in (mg.add, mg.sub)
    ),
    arithmetic(mg.mul, ops.MUL, dtypes=NUMBERS),
    arithmetic(
        mg.div,
        ops.DIV,
        (floats, away_from_zero),
        error_inputs=(
            *binary_errors("div"),
            *rounding_errors("div"),
            ErrorInput(
                (np.ones(2), np.ones(2)),
                DataError,
                "div: rounding_mode must be None, 'floor' or 'trunc', got 'round'",
                {"rounding_mode": "round"},
            ),
        ),
    ),
    OpSpec(
        "div rounded to 0",
        partial(mg.div, rounding_mode="trunc"),
        binary(floats, away_from_zero),
        order=0,
        dtypes=NUMBERS,
    ),
    arithmetic(
        mg.floor_divide,
        ops.FLOOR_DIVIDE,
        (floats, away_from_zero),
        order=0,
        dtypes=NUMBERS,
        error_inputs=(*binary_errors("div"), *rounding_errors()),
    ),
    arithmetic(
        mg.pow,
        ops.POW,
        (positive, floats),
        error_inputs=(
            *binary_errors("pow"),
            ErrorInput(
                (np.full(2, 3), np.full(2, -1)),
                DataError,
                "pow: an integer to a negative power is no integer; write input.to(minigrad.float32)",
            ),
        ),
    ),
    OpSpec(
        "pow of any base",
        mg.pow,
        samples(
            lambda rng, shape, other: Sample((away_from_zero(rng, shape),), {"other": other}),
            shape=shapes(),
            other=st.sampled_from((0, 1, 2, 3, -1, 2.0)),
        ),
    ),
    OpSpec(
        "neg",
        mg.neg,
        unary(floats),
        ops.NEG,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("neg"),
            ErrorInput(BOOLS[:1], DTypeError, "neg: a bool tensor has no negative\n  input: bool[2]"),
        ),
    ),
    OpSpec(
        "abs",
        mg.abs,
        unary(away_from_zero),
        ops.ABS,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("abs"),
            ErrorInput(BOOLS[:1], DTypeError, "abs: a bool tensor has no absolute value\n  input: bool[2]"),
        ),
    ),
    OpSpec("sign", mg.sign, unary(few), order=0, tolerance=exact, dtypes=NUMBERS, error_inputs=(no_tensor("sign"),)),
    OpSpec("square", mg.square, unary(floats), dtypes=NUMBERS, error_inputs=(no_tensor("square"),)),
    whole(mg.floor, ops.FLOOR),
    whole(mg.trunc, ops.TRUNC),
    smooth(mg.exp, ops.EXP),
    smooth(mg.expm1, ops.EXPM1),
    smooth(mg.log, ops.LOG, positive),
    smooth(mg.log1p, ops.LOG1P, positive),
    smooth(mg.erf, ops.ERF),
    smooth(mg.sqrt, ops.SQRT, positive),
    smooth(mg.tanh, ops.TANH),
    smooth(mg.sigmoid, ops.SIGMOID),
    OpSpec(
        "clone",
        mg.clone,
        unary(floats),
        autograd.CLONE,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(no_tensor("clone"),),
    ),
]
