"""Cases of reductions and of running sums."""

import math

from minigrad_kernels import shapes
from tests.kernels.cases.bounds import exact, summed
from tests.kernels.cases.case import ALL, FLOATS, Call, Case, poisoned, values
from tests.kernels.cases.sizes import LARGE_AXIS, shape_and_axes, shape_and_axis


def reduction(rng, dtype, shape, axes):
    out_shape = shapes.reduced_shape(shape, axes)
    terms = math.prod(shape[axis] for axis in axes)
    return Call((poisoned(dtype, out_shape),), (values(rng, dtype, shape),), (axes,), max(terms, 1))


def spreading(rng, dtype, shape, axes):
    x = values(rng, dtype, shapes.reduced_shape(shape, axes))
    return Call((poisoned(dtype, shape),), (x,), (shape, axes))


def arg_reduction(rng, dtype, shape, axis):
    return Call((poisoned("int64", shapes.reduced_shape(shape, (axis,))),), (values(rng, dtype, shape),), (axis,))


def running(rng, dtype, shape, axis):
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape),), (axis,), max(shape[axis], 1))


LARGE_AXES = (
    {"shape": (9, 60, 70), "axes": (0, 2)},
    {"shape": (9, 60, 70), "axes": (0,)},
    {"shape": (7, 3, 2100), "axes": (0, 2)},
    {"shape": (5, 9, 12, 11), "axes": (0, 2, 3)},
    {"shape": (300, 130), "axes": (1,)},
    {"shape": (300, 130), "axes": (0,)},
    {"shape": (40000,), "axes": (0,)},
)

CASES = [
    Case("reduce.sum", reduction, shape_and_axes(), LARGE_AXES, summed, (*FLOATS, "int64", "int32")),
    Case("reduce.mean", reduction, shape_and_axes(), LARGE_AXES, summed),
    Case("reduce.spread", spreading, shape_and_axes(), LARGE_AXES, summed),
    Case("reduce.amax", reduction, shape_and_axes(min_side=1), LARGE_AXES, exact, ALL),
    Case("reduce.amin", reduction, shape_and_axes(min_side=1), LARGE_AXES, exact, ALL),
    Case("reduce.argmin", arg_reduction, shape_and_axis(min_side=1), LARGE_AXIS, exact, ALL),
    Case("reduce.cumsum", running, shape_and_axis(), LARGE_AXIS, summed, (*FLOATS, "int64", "int32")),
    Case("reduce.argmax", arg_reduction, shape_and_axis(min_side=1), LARGE_AXIS, exact, ALL),
]
