"""Records of the largest and the smallest element, and of where it is."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import ShapeError
from minigrad.ops import extremes as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import distinct, few
from minigrad.testing.strategies import samples, shape_and_axis, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import NUMBERS, no_tensor
from tests.ops.records.reduce import FILLED_AXES, axis_errors, reduction, twice

FILLED_AXIS = {"drawn": shape_and_axis(min_side=1), "keepdim": st.booleans()}
ALL_BUT_BOOL = {"tolerance": exact, "dtypes": NUMBERS}


def none_there(name):
    noun = "maximum" if "max" in name else "minimum"
    message = f"{name}: an axis without elements has no {noun}\n  input: float64[2, 0]"
    return ErrorInput((np.zeros((2, 0)),), ShapeError, message, {"dim": 1})


def over_axes(function, op):
    name = function.__name__
    errors = (*axis_errors(name), twice(name), none_there(name))
    return OpSpec(
        name, function, samples(reduction(distinct), **FILLED_AXES), op, error_inputs=errors, nan=(0,), **ALL_BUT_BOOL
    )


def place(function, op):
    name = function.__name__
    options = {"order": 0, **ALL_BUT_BOOL}
    return (
        OpSpec(
            name,
            function,
            samples(reduction(few), **FILLED_AXIS),
            op,
            **options,
            error_inputs=(*axis_errors(name), none_there(name)),
        ),
        OpSpec(
            f"{name} of all",
            function,
            samples(reduction(few), drawn=st.tuples(shapes(min_side=1), st.none()), keepdim=st.booleans()),
            **options,
        ),
    )


def value_and_place(function):
    name = function.__name__
    options = {"nan": (0,), **ALL_BUT_BOOL}
    return (
        OpSpec(
            name,
            function,
            samples(reduction(distinct), **FILLED_AXIS),
            **options,
            error_inputs=(*axis_errors(name), none_there(name)),
        ),
        OpSpec(
            f"{name} of all",
            function,
            samples(lambda rng, shape: Sample((distinct(rng, shape),)), shape=shapes(min_side=1)),
            **options,
            error_inputs=(no_tensor(name), none_there(name)._replace(options={})),
        ),
        OpSpec(
            f"{name} of two",
            wraps(function)(lambda input, other: function(input, other)),
            samples(lambda rng, shape: Sample(tuple(distinct(rng, (2, *shape)))), shape=shapes()),
            **{**options, "nan": (0, 1)},
        ),
    )


RECORDS = [
    over_axes(mg.amax, ops.AMAX),
    over_axes(mg.amin, ops.AMIN),
    *place(mg.argmax, ops.ARGMAX),
    *place(mg.argmin, ops.ARGMIN),
    *value_and_place(mg.max),
    *value_and_place(mg.min),
]
