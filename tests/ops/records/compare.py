"""Records of comparisons, selection and casts."""

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad import dtypes
from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.ops import casts, promotion
from minigrad.ops import compare as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import distinct, few, floats
from minigrad.testing.strategies import broadcastable_shapes, samples, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import BOOLS, NUMBERS, arithmetic, binary_errors, no_tensor


def apart(rng, drawn):
    """Arrays that have no element in common."""
    ends = np.cumsum([int(np.prod(shape)) for shape in drawn])
    parts = np.split(distinct(rng, (int(ends[-1]),)), ends[:-1])
    return Sample(tuple(part.reshape(shape) for part, shape in zip(parts, drawn, strict=True)))


def away_from_one(rng, shape, bounds):
    """Numbers of which none is within 0.2 of 1 or -1."""
    return Sample((rng.choice([-1.5, 0.0, 1.5], shape) + rng.uniform(-0.3, 0.3, shape),), bounds)


def choices(rng, drawn):
    return Sample((rng.random(drawn[0]) < 0.5, floats(rng, drawn[1]), floats(rng, drawn[2])))


def converted(rng, shape, **options):
    return Sample((rng.integers(0, 200, shape) / 64,), options)


def comparison(function, op):
    return arithmetic(function, op, (few, few), order=0, tolerance=exact, dtypes=NUMBERS, nan=())


RECORDS = [
    comparison(mg.eq, ops.EQUAL),
    comparison(mg.ne, ops.NOT_EQUAL),
    comparison(mg.lt, ops.LESS),
    comparison(mg.le, ops.LESS_EQUAL),
    comparison(mg.gt, ops.GREATER),
    comparison(mg.ge, ops.GREATER_EQUAL),
    *(
        OpSpec(
            function.__name__,
            function,
            samples(apart, drawn=broadcastable_shapes()),
            op,
            tolerance=exact,
            dtypes=NUMBERS,
            error_inputs=binary_errors(function.__name__),
            nan=(0, 1),
        )
        for function, op in ((mg.maximum, ops.MAXIMUM), (mg.minimum, ops.MINIMUM))
    ),
    OpSpec(
        "clamp",
        mg.clamp,
        samples(apart, drawn=st.integers(2, 3).flatmap(lambda count: broadcastable_shapes(count, max_dims=3))),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("clamp"),
            ErrorInput((np.zeros(2),), DataError, "clamp: one of min and max at least is required, both are None"),
            ErrorInput((np.zeros(2), "low"), DTypeError, "ge: tensors and numbers are required, got str"),
        ),
    ),
    OpSpec(
        "clamp to numbers",
        mg.clamp,
        samples(
            away_from_one,
            shape=shapes(),
            bounds=st.sampled_from(({"min": -1}, {"max": 1}, {"min": -1, "max": 1}, {"min": 1, "max": -1})),
        ),
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
        promotion.cast,
        samples(
            converted,
            shape=shapes(),
            dtype=st.sampled_from((dtypes.float32, dtypes.float64)),
        ),
        promotion.CAST,
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
        promotion.cast,
        samples(
            converted,
            shape=shapes(),
            dtype=st.sampled_from((dtypes.int64, dtypes.int32, dtypes.uint8, dtypes.bool_)),
        ),
        order=0,
        tolerance=exact,
        dtypes=NUMBERS,
    ),
    *(
        OpSpec(
            function.__name__,
            function,
            samples(converted, shape=shapes()),
            order=0,
            tolerance=exact,
            dtypes=NUMBERS,
            error_inputs=(no_tensor("cast"),),
        )
        for function in (casts.float, casts.double, casts.long, casts.int, casts.bool)
    ),
]
