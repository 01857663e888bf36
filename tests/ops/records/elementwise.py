"""Records of arithmetic, comparisons, functions of one variable, selection and casts."""

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad import autograd, dtypes
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.ops import elementwise as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import away_from_zero, distinct, few, floats, positive
from minigrad.testing.strategies import broadcastable_shapes, samples, shapes
from minigrad.testing.tolerance import exact

NUMBERS = (dtypes.float32, dtypes.float64, dtypes.int64, dtypes.int32, dtypes.uint8)


def unary(fill):
    return samples(lambda rng, shape: Sample((fill(rng, shape),)), shape=shapes())


def binary(fill, other_fill):
    def build(rng, drawn):
        return Sample((fill(rng, drawn[0]), other_fill(rng, drawn[1])))

    return samples(build, drawn=broadcastable_shapes())


def apart(rng, drawn):
    """Two arrays that have no element in common."""
    sizes = [int(np.prod(shape)) for shape in drawn]
    both = distinct(rng, (sum(sizes),))
    return Sample((both[: sizes[0]].reshape(drawn[0]), both[sizes[0] :].reshape(drawn[1])))


def choices(rng, drawn):
    return Sample((rng.random(drawn[0]) < 0.5, floats(rng, drawn[1]), floats(rng, drawn[2])))


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
    options.setdefault("error_inputs", binary_errors(name))
    return OpSpec(name, function, binary(*fills), op, **options)


def comparison(function, op):
    return arithmetic(function, op, (few, few), order=0, tolerance=exact, dtypes=NUMBERS)


def smooth(function, op, fill=floats):
    return OpSpec(function.__name__, function, unary(fill), op, error_inputs=(no_tensor(function.__name__),))


BOOLS = np.zeros(2, bool), np.ones(2, bool)

RECORDS = [
    arithmetic(mg.add, autograd.ADD, dtypes=NUMBERS),
    arithmetic(
        mg.sub,
        ops.SUB,
        dtypes=NUMBERS,
        error_inputs=(
            *binary_errors("sub"),
            ErrorInput(
                BOOLS,
                DTypeError,
                "sub: bool tensors have no difference; use ne\n  input: bool[2]\n  other: bool[2]",
            ),
        ),
    ),
    arithmetic(mg.mul, ops.MUL, dtypes=NUMBERS),
    arithmetic(mg.div, ops.DIV, (floats, away_from_zero)),
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
    *(
        OpSpec(
            function.__name__,
            function,
            samples(apart, drawn=broadcastable_shapes()),
            op,
            tolerance=exact,
            dtypes=NUMBERS,
            error_inputs=binary_errors(function.__name__),
        )
        for function, op in ((mg.maximum, ops.MAXIMUM), (mg.minimum, ops.MINIMUM))
    ),
    comparison(mg.eq, ops.EQUAL),
    comparison(mg.ne, ops.NOT_EQUAL),
    comparison(mg.lt, ops.LESS),
    comparison(mg.le, ops.LESS_EQUAL),
    comparison(mg.gt, ops.GREATER),
    comparison(mg.ge, ops.GREATER_EQUAL),
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
    smooth(mg.exp, ops.EXP),
    smooth(mg.log, ops.LOG, positive),
    smooth(mg.sqrt, ops.SQRT, positive),
    smooth(mg.tanh, ops.TANH),
    smooth(mg.sigmoid, ops.SIGMOID),
    OpSpec(
        "relu",
        mg.relu,
        unary(away_from_zero),
        ops.RELU,
        tolerance=exact,
        error_inputs=(
            no_tensor("relu"),
            ErrorInput(
                (np.zeros(3, np.int64),),
                DTypeError,
                "relu: input must be float; write input.to(minigrad.float32)\n  input: int64[3]",
            ),
        ),
    ),
    OpSpec(
        "relu_input_grad",
        applied(ops.RELU_INPUT_GRAD),
        samples(lambda rng, shape: Sample((floats(rng, shape), away_from_zero(rng, shape))), shape=shapes()),
        ops.RELU_INPUT_GRAD,
        tolerance=exact,
    ),
    OpSpec(
        "where",
        mg.where,
        samples(choices, drawn=broadcastable_shapes(3)),
        ops.WHERE,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            ErrorInput(
                (np.zeros(2), np.zeros(2), np.zeros(2)),
                DTypeError,
                "where: condition must be bool; write condition != 0\n  condition: float64[2]",
            ),
            ErrorInput(
                (BOOLS[0], np.zeros(3), np.zeros(3)),
                ShapeError,
                "where: shapes (2,) and (3,) and (3,) do not broadcast: lengths 2 and 3 differ\n"
                "  condition: bool[2]\n"
                "  input:     float64[3]\n"
                "  other:     float64[3]",
            ),
        ),
    ),
    OpSpec(
        "cast",
        ops.cast,
        samples(
            lambda rng, shape, dtype: Sample((rng.integers(0, 200, shape) / 64,), {"dtype": dtype}),
            shape=shapes(),
            dtype=st.sampled_from((dtypes.float32, dtypes.float64)),
        ),
        ops.CAST,
        order=0,
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("cast")._replace(options={"dtype": "float32"}),
            ErrorInput(
                (np.zeros(2),),
                DTypeError,
                "dtype: float16 is not supported; use one of float32, float64, int64, int32, uint8, bool",
                {"dtype": "float16"},
            ),
        ),
    ),
    OpSpec(
        "cast to integers",
        ops.cast,
        samples(
            lambda rng, shape, dtype: Sample((rng.integers(0, 200, shape) / 64,), {"dtype": dtype}),
            shape=shapes(),
            dtype=st.sampled_from((dtypes.int64, dtypes.int32, dtypes.uint8, dtypes.bool_)),
        ),
        order=0,
        tolerance=exact,
        dtypes=NUMBERS,
    ),
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
