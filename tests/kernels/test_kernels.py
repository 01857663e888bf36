"""One table of kernels, and what the contract promises of each of them."""

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad_kernels import reference, shapes
from minigrad_kernels.cpu import threads

FLOATS = ("float32", "float64")
INTEGERS = ("int64", "int32", "uint8")
NUMBERS = (*FLOATS, *INTEGERS)
ALL = (*NUMBERS, "bool")
MODULES = {module.name for module in pkgutil.iter_modules(reference.__path__)} - {"windows", "words"}
STRIDED = {"elementwise", "reduce", "index", "matmul", "update.copy"}

Generator = np.random.Generator
Strategy = st.SearchStrategy


class Call(NamedTuple):
    """Arguments of a kernel: outs as they are before it runs, and the length of the sums it takes."""

    outs: tuple[np.ndarray, ...]
    inputs: tuple[np.ndarray, ...]
    scalars: tuple[Any, ...] = ()
    terms: int = 1

    def __repr__(self):
        with np.printoptions(threshold=20, edgeitems=2):
            return tuple.__repr__(self)


class Case(NamedTuple):
    """A kernel, how to make arguments for it from sizes, and how far from the reference it may be."""

    name: str
    build: Callable[..., Call]
    sizes: Strategy[dict[str, Any]]
    large: tuple[dict[str, Any], ...]
    bound: Callable[["Case", Call, tuple[np.ndarray, ...]], list[Any]]
    dtypes: tuple[str, ...] = FLOATS
    stay_finite: tuple[int, ...] = ()  # positions among the inputs

    @property
    def is_strided(self) -> bool:
        return self.name in STRIDED or self.name.partition(".")[0] in STRIDED


# --- How far a result may be from the reference ---------------------------------------------------------------------


def exact(case, call, expected):
    return [0 for _ in expected]


def rounded(case, call, expected):
    """4 eps |result|: a single operation."""
    return [4 * epsilon(out) * np.abs(out) for out in expected]


def summed(case, call, expected):
    """4 K eps (|x| * |w|): the kernel of the absolute values is the magnitude of what was summed."""
    magnitude = call._replace(
        outs=tuple(magnitudes(out) for out in call.outs), inputs=tuple(magnitudes(array) for array in call.inputs)
    )
    sizes = run("reference", case, magnitude)
    return [4 * call.terms * epsilon(out) * size for out, size in zip(expected, sizes, strict=True)]


def subtracted(case, call, expected):
    """4 K eps of all that an optimiser's step adds or subtracts: the step with every minus turned into a plus."""
    lr, *rest = call.scalars
    return summed(case, call._replace(scalars=(-lr, *rest)), expected)


def log_summed(case, call, expected):
    """4 eps (K + |result|): the sum under the logarithm is right to K eps, and the logarithm makes that absolute."""
    return [4 * epsilon(out) * (call.terms + np.abs(out)) for out in expected]


@np.errstate(invalid="ignore")
def log_summed_grad(case, call, expected):
    """4 K eps of the terms, and as much of e**y as the rounding of its argument leaves open."""
    dy, y = (array.astype(np.float64) for array in call.inputs)
    total = np.abs(dy).sum(axis=call.scalars[0], keepdims=True)
    return [4 * call.terms * epsilon(out) * (np.abs(dy) + np.exp(y) * total) for out in expected]


def spread(case, call, expected):
    """4 eps of the widest that a random fill reaches; 2**-32 is the smallest u1, so |z| < 6.7."""
    first, second, *_ = call.scalars
    return [4 * epsilon(out) * (abs(first) + 6.7 * abs(second)) for out in expected]


def magnitudes(array):
    return np.asarray(np.abs(array), np.float64) if array.dtype.kind == "f" else array


def epsilon(array):
    return np.finfo(array.dtype).eps if array.dtype.kind == "f" else 0


# --- Contents -------------------------------------------------------------------------------------------------------


def values(rng: Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers with repetitions and zeros among them; integers reach both ends of their type."""
    if dtype == "bool":
        return np.asarray(rng.random(shape) < 0.5)
    small = rng.integers(0 if dtype == "uint8" else -3, 4, shape)
    if dtype in INTEGERS:
        limits = np.iinfo(dtype)
        large = rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
        return np.where(rng.random(shape) < 0.5, small.astype(dtype), large)
    return np.where(rng.random(shape) < 0.2, small, rng.normal(0, 2, shape)).astype(dtype)


def poisoned(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Contents that no kernel computes: NaN, or the bytes A5."""
    array = np.frombuffer(b"\xa5" * (math.prod(shape) * np.dtype(dtype).itemsize), dtype).reshape(shape).copy()
    if array.dtype.kind == "f":
        array[...] = np.nan
    return array


# --- Arguments from sizes -------------------------------------------------------------------------------------------


def elementwise(inputs: int, out_dtype: str = "") -> Callable[..., Call]:
    def build(rng, dtype, shape):
        return Call((poisoned(out_dtype or dtype, shape),), tuple(values(rng, dtype, shape) for _ in range(inputs)))

    return build


def with_extremes(rng, dtype, shape):
    call = elementwise(1)(rng, dtype, shape)
    extremes = rng.choice([0.0, -0.0, 1e-8, -1e-8, 30.0, -30.0, 200.0, -200.0, np.inf, -np.inf], shape)
    (x,) = call.inputs
    return call._replace(inputs=(np.where(rng.random(shape) < 0.3, extremes, x).astype(dtype),))


def integer_power(rng, dtype, shape):
    exponents = np.asarray(rng.integers(0, 5, shape), dtype)
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape), exponents))


def choice(rng, dtype, shape):
    inputs = values(rng, "bool", shape), values(rng, dtype, shape), values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), inputs)


def conversion(rng, dtype, shape, to):
    x = values(rng, dtype, shape)
    if to in INTEGERS and dtype in FLOATS:
        x = np.abs(x)  # what uint8 makes of a negative float depends on the processor
    return Call((poisoned(to, shape),), (x,))


def reduction(rng, dtype, shape, axes):
    out_shape = shapes.reduced_shape(shape, axes)
    terms = math.prod(shape[axis] for axis in axes)
    return Call((poisoned(dtype, out_shape),), (values(rng, dtype, shape),), (axes,), max(terms, 1))


def arg_reduction(rng, dtype, shape, axis):
    return Call((poisoned("int64", shapes.reduced_shape(shape, (axis,))),), (values(rng, dtype, shape),), (axis,))


def gathering(rng, dtype, shape, index_shape, axis):
    index = rng.integers(0, max(shape[axis], 1), index_shape)
    return Call((poisoned(dtype, index_shape),), (values(rng, dtype, shape), index), (axis,))


def gathering_grad(rng, dtype, shape, index_shape, axis):
    index = rng.integers(0, max(shape[axis], 1), index_shape)
    terms = max(index_shape[axis], 1)
    return Call((poisoned(dtype, shape),), (values(rng, dtype, index_shape), index), (axis,), terms)


def embedding(rng, dtype, shape, index):
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shapes.sliced_shape(shape, index)),), (index,))


def joining(rng, dtype, shape, lengths, axis):
    def with_length(length):
        return (*shape[:axis], length, *shape[axis + 1 :])

    parts = tuple(values(rng, dtype, with_length(length)) for length in lengths)
    return Call((poisoned(dtype, with_length(sum(lengths))),), parts, (axis,))


def product(rng, dtype, batch, m, k, n):
    inputs = values(rng, dtype, (*batch, m, k)), values(rng, dtype, (*batch, k, n))
    return Call((poisoned(dtype, (*batch, m, n)),), inputs, (), k)


class Convolution(NamedTuple):
    """Sizes of a convolution; pairs are of height and width."""

    batch: int
    groups: int
    channels: int  # of a group
    outputs: int  # of a group
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    bias: bool = True

    @property
    def scalars(self):
        return (*self.stride, *self.padding, *self.dilation, self.groups)

    @property
    def x_shape(self):
        return (self.batch, self.groups * self.channels, *self.size)

    @property
    def w_shape(self):
        return (self.groups * self.outputs, self.channels, *self.kernel)

    @property
    def y_shape(self):
        windows = map(shapes.window_output_size, self.size, self.kernel, self.stride, self.padding, self.dilation)
        return (self.batch, self.groups * self.outputs, *windows)


def convolution(rng, dtype, conv):
    bias = values(rng, dtype, (conv.w_shape[0] if conv.bias else 0,))
    inputs = values(rng, dtype, conv.x_shape), values(rng, dtype, conv.w_shape), bias
    return Call((poisoned(dtype, conv.y_shape),), inputs, conv.scalars, 1 + math.prod(conv.w_shape[1:]))


def convolution_input_grad(rng, dtype, conv):
    inputs = values(rng, dtype, conv.y_shape), values(rng, dtype, conv.w_shape)
    terms = max(conv.outputs * math.prod(conv.kernel), 1)
    return Call((poisoned(dtype, conv.x_shape),), inputs, conv.scalars, terms)


def convolution_weight_grad(rng, dtype, conv):
    inputs = values(rng, dtype, conv.x_shape), values(rng, dtype, conv.y_shape)
    terms = max(conv.batch * math.prod(conv.y_shape[2:]), 1)
    return Call((poisoned(dtype, conv.w_shape),), inputs, conv.scalars, terms)


class Pooling(NamedTuple):
    """Sizes of a pooling; pairs are of height and width."""

    batch: int
    channels: int
    size: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    ceil_mode: bool = False
    count_include_pad: bool = True

    @property
    def x_shape(self):
        return (self.batch, self.channels, *self.size)

    @property
    def y_shape(self):
        windows = zip(self.size, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        counts = (shapes.window_output_size(*axis, self.ceil_mode) for axis in windows)
        return (self.batch, self.channels, *counts)

    @property
    def max_scalars(self):
        return (*self.kernel, *self.stride, *self.padding, *self.dilation)

    @property
    def average_scalars(self):
        return (*self.kernel, *self.stride, *self.padding, self.count_include_pad)


def max_pooling(rng, dtype, pool):
    outs = poisoned(dtype, pool.y_shape), poisoned("int64", pool.y_shape)
    return Call(outs, (values(rng, dtype, pool.x_shape),), pool.max_scalars)


def pooled_indices(rng, pool):
    call = max_pooling(rng, "float64", pool)
    _, indices = run("reference", CASES["pool.max_pool2d"], call)
    return indices


def max_pooling_grad(rng, dtype, pool):
    inputs = values(rng, dtype, pool.y_shape), pooled_indices(rng, pool)
    return Call((poisoned(dtype, pool.x_shape),), inputs, pool.max_scalars, math.prod(pool.kernel))


def max_pooling_gather(rng, dtype, pool):
    return Call((poisoned(dtype, pool.y_shape),), (values(rng, dtype, pool.x_shape), pooled_indices(rng, pool)))


def average_pooling(rng, dtype, pool):
    x = values(rng, dtype, pool.x_shape)
    return Call((poisoned(dtype, pool.y_shape),), (x,), pool.average_scalars, math.prod(pool.kernel))


def average_pooling_grad(rng, dtype, pool):
    dy = values(rng, dtype, pool.y_shape)
    return Call((poisoned(dtype, pool.x_shape),), (dy,), pool.average_scalars, math.prod(pool.kernel))


def column_shape(conv):
    return (*conv.x_shape[:2], *conv.kernel, *conv.y_shape[2:])


def unfolding(rng, dtype, conv):
    return Call((poisoned(dtype, column_shape(conv)),), (values(rng, dtype, conv.x_shape),), conv.scalars[:6])


def folding(rng, dtype, conv):
    inputs = (values(rng, dtype, column_shape(conv)),)
    return Call((poisoned(dtype, conv.x_shape),), inputs, conv.scalars[:6], math.prod(conv.kernel))


def random_words(rng):
    return int(rng.integers(0, 2**64, dtype=np.uint64)), int(rng.integers(0, 2**34))


def dropping(rng, dtype, shape, threshold):
    scalars = (threshold, 1 / 0.7, *random_words(rng))
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape),), scalars)


def drawing(rng, dtype, shape, first, second, stream):
    seed, offset = random_words(rng)
    return Call((poisoned(dtype, shape),), (), (first, second, seed, stream, offset))


def normalising(rng, dtype, shape, axis):
    x = rng.choice([1, 4, 300]) * values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), (x.astype(dtype),), (axis,), max(shape[axis], 1))


def normalising_grad(rng, dtype, shape, axis):
    y = values(rng, dtype, shape)
    return Call((poisoned(dtype, shape),), (values(rng, dtype, shape), -np.abs(y)), (axis,), shape[axis] + 4)


def filling(rng, dtype, shape):
    return Call((poisoned(dtype, shape),), (), (values(rng, dtype, ()).item(),))


def accumulating(rng, dtype, shape):
    return Call((values(rng, dtype, shape),), (values(rng, dtype, shape),))


def sgd(rng, dtype, shape, momentum, dampening, weight_decay, nesterov, first):
    param, grad = values(rng, dtype, shape), values(rng, dtype, shape)
    buffer = values(rng, dtype, shape if momentum else (0,))
    return Call((param, buffer), (grad,), (0.1, momentum, dampening, weight_decay, nesterov, first))


def squares(rng, dtype, shape):
    """Averages of squares, away from 0, where their roots would be anything."""
    return rng.uniform(0.25, 4, shape).astype(dtype)


def rmsprop(rng, dtype, shape, centred, momentum, weight_decay):
    mean = rng.uniform(-1, 1, shape if centred else (0,)).astype(dtype)
    square = squares(rng, dtype, shape) + (mean**2 if centred else 0)
    buffer = values(rng, dtype, shape if momentum else (0,))
    outs = values(rng, dtype, shape), square.astype(dtype), mean, buffer
    return Call(outs, (values(rng, dtype, shape),), (0.1, 0.9, 1e-8, weight_decay, momentum), 4)


def adagrad(rng, dtype, shape, weight_decay):
    outs = values(rng, dtype, shape), squares(rng, dtype, shape)
    return Call(outs, (values(rng, dtype, shape),), (0.1, 1e-10, weight_decay), 4)


def adadelta(rng, dtype, shape, weight_decay):
    outs = values(rng, dtype, shape), squares(rng, dtype, shape), squares(rng, dtype, shape)
    return Call(outs, (values(rng, dtype, shape),), (0.5, 0.9, 1e-6, weight_decay), 4)


def adam(rng, dtype, shape, amsgrad, weight_decay, shrinkage):
    moments = values(rng, dtype, shape), squares(rng, dtype, shape), squares(rng, dtype, shape if amsgrad else (0,))
    scalars = (0.1, 0.9, 0.99, 1e-8, weight_decay, shrinkage, 0.271, 0.0297)
    return Call((values(rng, dtype, shape), *moments), (values(rng, dtype, shape),), scalars, 4)


# --- Sizes ----------------------------------------------------------------------------------------------------------

# Mostly not empty, and mostly shorter than a vector; one axis may be longer.
COUNTS = st.sampled_from([1, 2, 3, 2, 3, 0])
LONG = st.sampled_from([7, 16, 17, 40])


@st.composite
def array_shapes(draw, min_dims=0, min_side=0):
    lengths = st.sampled_from([length for length in (1, 2, 3, 4, 5, 2, 3, 4, 5, 0) if length >= min_side])
    rank = draw(st.integers(min_dims, 4))
    shape = draw(st.lists(lengths, min_size=rank, max_size=rank))
    if shape and draw(st.booleans()):
        shape[draw(st.integers(0, len(shape) - 1))] = draw(LONG)
    return tuple(shape)


SHAPES = array_shapes()


@st.composite
def shape_and_axis(draw, min_side=0):
    shape = draw(array_shapes(1, min_side))
    return {"shape": shape, "axis": draw(st.integers(0, len(shape) - 1))}


@st.composite
def shape_and_axes(draw, min_side=0):
    shape = draw(array_shapes(0, min_side))
    return {"shape": shape, "axes": tuple(axis for axis in range(len(shape)) if draw(st.booleans()))}


@st.composite
def gatherings(draw):
    sizes = draw(shape_and_axis())
    lengths = [draw(st.integers(min(1, length), length)) for length in sizes["shape"]]
    lengths[sizes["axis"]] = draw(COUNTS | LONG) if sizes["shape"][sizes["axis"]] else 0
    return {**sizes, "index_shape": tuple(lengths)}


@st.composite
def embeddings(draw):
    shape = draw(SHAPES)
    index = draw(hnp.basic_indices(shape, allow_ellipsis=False, allow_newaxis=True))
    index = index if isinstance(index, tuple) else (index,)
    axes = iter(shape)
    lengths = [None if item is None else next(axes) for item in index]
    normalised = [i % n if isinstance(i, int) else i for i, n in zip(index, lengths, strict=True)]
    return {"shape": shape, "index": tuple(normalised)}


@st.composite
def joinings(draw):
    return {**draw(shape_and_axis()), "lengths": draw(st.lists(st.integers(0, 4), min_size=1, max_size=4))}


def pairs(low: int, high: int) -> Strategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


@st.composite
def window_sizes(draw, kernel, padding, dilation, ceil_mode=False):
    """Stride and length of an axis on which a window fits."""
    stride = draw(st.integers(1, 4))
    window = dilation * (kernel - 1) + 1
    least = max(window - 2 * padding - (stride - 1 if ceil_mode else 0), 0)
    return stride, least + draw(st.sampled_from([0, 1, 2, 3, 4, 5, 6, 20]))


@st.composite
def convolutions(draw):
    kernel, padding, dilation = draw(pairs(1, 4)), draw(pairs(0, 3)), draw(pairs(1, 3))
    axes = [draw(window_sizes(*axis)) for axis in zip(kernel, padding, dilation, strict=True)]
    stride, size = zip(*axes, strict=True)
    counts = draw(st.tuples(COUNTS, st.integers(1, 3), COUNTS, COUNTS))
    return {"conv": Convolution(*counts, size, kernel, stride, padding, dilation, draw(st.booleans()))}


@st.composite
def poolings(draw, dilated=True):
    kernel, dilation = draw(pairs(1, 4)), draw(pairs(1, 3)) if dilated else (1, 1)
    padding = tuple(draw(st.integers(0, (d * (k - 1) + 1) // 2)) for k, d in zip(kernel, dilation, strict=True))
    ceil_mode = draw(st.booleans())
    axes = [draw(window_sizes(*axis, ceil_mode)) for axis in zip(kernel, padding, dilation, strict=True)]
    stride, size = zip(*axes, strict=True)
    batch, channels = draw(st.tuples(COUNTS, COUNTS))
    return {
        "pool": Pooling(batch, channels, size, kernel, stride, padding, dilation, ceil_mode, draw(st.booleans())),
    }


def sized(**strategies: Strategy[Any]) -> Strategy[dict[str, Any]]:
    return st.fixed_dictionaries(strategies)


# --- The table ------------------------------------------------------------------------------------------------------

# Inputs that may meet padding, where NaN or infinity times an absent input is anybody's guess.
BESIDE_PADDING = (1,)
LARGE = ({"shape": (3, 70, 401)},)  # its halves do not end where a vector ends
LARGE_AXIS = ({"shape": (40, 9, 70), "axis": 1}, {"shape": (90, 300), "axis": 1}, {"shape": (300, 90), "axis": 0})
LARGE_AXES = (
    {"shape": (9, 60, 70), "axes": (0, 2)},
    {"shape": (300, 130), "axes": (1,)},
    {"shape": (300, 130), "axes": (0,)},
    {"shape": (40000,), "axes": (0,)},
)
LARGE_GATHER = ({"shape": (300, 20), "index_shape": (280, 30), "axis": 1},)
LARGE_PRODUCTS = (
    {"batch": (2,), "m": 150, "k": 20, "n": 30},
    {"batch": (2,), "m": 20, "k": 270, "n": 35},
    {"batch": (2,), "m": 10, "k": 12, "n": 530},
    {"batch": (30,), "m": 7, "k": 5, "n": 9},
    {"batch": (), "m": 150, "k": 10, "n": 30},
)
LARGE_CONVOLUTIONS = tuple(
    {"conv": conv}
    for conv in (
        Convolution(2, 1, 3, 20, (11, 12), (5, 5)),
        Convolution(2, 1, 33, 18, (4, 5), (3, 3), padding=(1, 1)),
        Convolution(2, 2, 5, 9, (19, 17), (3, 3), stride=(2, 2), padding=(1, 1)),
        Convolution(2, 32, 1, 1, (15, 17), (3, 3), padding=(1, 1)),
        Convolution(2, 1, 70, 40, (5, 5), (1, 1)),
        Convolution(2, 1, 3, 16, (27, 35), (11, 11), stride=(8, 8)),
        Convolution(2, 1, 4, 5, (18, 22), (3, 3), padding=(2, 2), dilation=(2, 2)),
        Convolution(2, 1, 2, 2, (45, 50), (3, 3)),
        Convolution(2, 1, 28, 1, (5, 120), (3, 3)),
    )
)
LARGE_POOLINGS = tuple(
    {"pool": pool}
    for pool in (
        Pooling(3, 20, (24, 24), (2, 2), (2, 2)),
        Pooling(3, 12, (27, 27), (3, 3), (2, 2)),
        Pooling(3, 12, (27, 28), (3, 3), (2, 2), (1, 1), ceil_mode=True, count_include_pad=False),
        Pooling(3, 40, (7, 7), (7, 7), (1, 1)),
    )
)
SHAPED = sized(shape=SHAPES)
DROPPED = st.sampled_from([0, 2**32, 2**31, 1288490189])
STREAMS = st.integers(0, 3)
DECAYS = st.sampled_from([0.0, 0.01])
STEPS = sized(
    shape=SHAPES,
    momentum=st.sampled_from([0.0, 0.9]),
    dampening=st.sampled_from([0.0, 0.25]),
    weight_decay=DECAYS,
    nesterov=st.booleans(),
    first=st.booleans(),
)
LARGE_STEP = {"momentum": 0.9, "dampening": 0.0, "weight_decay": 0.01, "nesterov": True, "first": False}
RMSPROP_STEPS = sized(shape=SHAPES, centred=st.booleans(), momentum=st.sampled_from([0.0, 0.9]), weight_decay=DECAYS)
LARGE_RMSPROP = {"centred": True, "momentum": 0.9, "weight_decay": 0.01}
ADAM_STEPS = sized(shape=SHAPES, amsgrad=st.booleans(), weight_decay=DECAYS, shrinkage=DECAYS)
LARGE_ADAM = {"amsgrad": True, "weight_decay": 0.01, "shrinkage": 0.01}
DECAYED = sized(shape=SHAPES, weight_decay=DECAYS)
LARGE_DECAYED = ({**LARGE[0], "weight_decay": 0.01},)

TABLE = [
    *(Case(f"elementwise.{name}", elementwise(2), SHAPED, LARGE, rounded, ALL) for name in ("add", "mul")),
    Case("elementwise.sub", elementwise(2), SHAPED, LARGE, rounded, NUMBERS),
    Case("elementwise.div", elementwise(2), SHAPED, LARGE, rounded),
    Case("elementwise.pow", elementwise(2), SHAPED, LARGE, rounded),
    Case("elementwise.pow", integer_power, SHAPED, (), exact, INTEGERS),
    *(Case(f"elementwise.{name}", elementwise(2), SHAPED, LARGE, exact, ALL) for name in ("maximum", "minimum")),
    *(
        Case(f"elementwise.{name}", elementwise(2, "bool"), SHAPED, LARGE, exact, ALL)
        for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
    ),
    Case("elementwise.neg", elementwise(1), SHAPED, LARGE, exact, NUMBERS),
    *(
        Case(f"elementwise.{name}", with_extremes, SHAPED, LARGE, rounded)
        for name in ("exp", "log", "sqrt", "tanh", "sigmoid")
    ),
    Case("elementwise.relu", elementwise(1), SHAPED, LARGE, exact),
    Case("elementwise.relu_input_grad", elementwise(2), SHAPED, LARGE, exact),
    Case("elementwise.where", choice, SHAPED, LARGE, exact, ALL),
    Case(
        "elementwise.cast",
        conversion,
        sized(shape=SHAPES, to=st.sampled_from(ALL)),
        ({**LARGE[0], "to": "float64"},),
        exact,
        ALL,
        stay_finite=(0,),  # the others have no agreed image among the integers
    ),
    Case("reduce.sum", reduction, shape_and_axes(), LARGE_AXES, summed, (*FLOATS, "int64", "int32")),
    Case("reduce.amax", reduction, shape_and_axes(min_side=1), LARGE_AXES, exact, ALL),
    Case("reduce.argmax", arg_reduction, shape_and_axis(min_side=1), LARGE_AXIS, exact, ALL),
    Case("index.gather", gathering, gatherings(), LARGE_GATHER, exact, ALL),
    Case("index.gather_input_grad", gathering_grad, gatherings(), LARGE_GATHER, summed),
    Case("index.embed", embedding, embeddings(), ({**LARGE[0], "index": (1, slice(3, None, 2), None)},), exact, ALL),
    Case("index.cat", joining, joinings(), ({"shape": (300, 1, 40), "axis": 1, "lengths": [2, 0, 3]},), exact, ALL),
    Case(
        "matmul.matmul",
        product,
        sized(batch=st.just(()) | st.tuples(COUNTS), m=COUNTS | LONG, k=COUNTS | LONG, n=COUNTS | LONG),
        LARGE_PRODUCTS,
        summed,
    ),
    Case("conv.conv2d", convolution, convolutions(), LARGE_CONVOLUTIONS, summed, stay_finite=BESIDE_PADDING),
    Case(
        "conv.conv2d_input_grad",
        convolution_input_grad,
        convolutions(),
        LARGE_CONVOLUTIONS,
        summed,
        stay_finite=BESIDE_PADDING,
    ),
    Case(
        "conv.conv2d_weight_grad",
        convolution_weight_grad,
        convolutions(),
        LARGE_CONVOLUTIONS,
        summed,
        stay_finite=BESIDE_PADDING,
    ),
    Case("pool.max_pool2d", max_pooling, poolings(), LARGE_POOLINGS, exact),
    Case("pool.max_pool2d_input_grad", max_pooling_grad, poolings(), LARGE_POOLINGS, summed),
    Case("pool.max_pool2d_gather", max_pooling_gather, poolings(), LARGE_POOLINGS, exact),
    Case("pool.avg_pool2d", average_pooling, poolings(dilated=False), LARGE_POOLINGS, summed),
    Case("pool.avg_pool2d_input_grad", average_pooling_grad, poolings(dilated=False), LARGE_POOLINGS, summed),
    Case("unfold.unfold", unfolding, convolutions(), LARGE_CONVOLUTIONS[:3], exact),
    Case("unfold.fold", folding, convolutions(), LARGE_CONVOLUTIONS[:3], summed),
    Case(
        "dropout.dropout", dropping, sized(shape=SHAPES, threshold=DROPPED), ({**LARGE[0], "threshold": 2**31},), exact
    ),
    Case(
        "random.uniform",
        drawing,
        sized(shape=SHAPES, first=st.just(0.0), second=st.sampled_from([1.0, 0.25]), stream=STREAMS),
        ({**LARGE[0], "first": 0.0, "second": 1.0, "stream": 0},),
        exact,
    ),
    Case(
        "random.uniform",
        drawing,
        sized(shape=SHAPES, first=st.just(-0.3), second=st.just(0.7), stream=STREAMS),
        ({**LARGE[0], "first": -0.3, "second": 0.7, "stream": 0},),
        spread,
    ),
    Case(
        "random.normal",
        drawing,
        sized(shape=SHAPES, first=st.sampled_from([0.0, 3.0]), second=st.sampled_from([1.0, 0.02]), stream=STREAMS),
        ({**LARGE[0], "first": 0.0, "second": 1.0, "stream": 0},),
        spread,
    ),
    Case("softmax.log_softmax", normalising, shape_and_axis(), LARGE_AXIS, log_summed),
    Case("softmax.log_softmax_input_grad", normalising_grad, shape_and_axis(), LARGE_AXIS, log_summed_grad),
    Case("update.fill", filling, SHAPED, LARGE, exact, ALL),
    Case("update.copy", elementwise(1), SHAPED, LARGE, exact, ALL),
    Case("update.accumulate", accumulating, SHAPED, LARGE, rounded),
    Case("optimise.sgd", sgd, STEPS, ({**LARGE[0], **LARGE_STEP},), subtracted),
    Case("optimise.rmsprop", rmsprop, RMSPROP_STEPS, ({**LARGE[0], **LARGE_RMSPROP},), subtracted),
    Case("optimise.adagrad", adagrad, DECAYED, LARGE_DECAYED, subtracted),
    Case("optimise.adadelta", adadelta, DECAYED, LARGE_DECAYED, subtracted),
    Case("optimise.adam", adam, ADAM_STEPS, ({**LARGE[0], **LARGE_ADAM},), subtracted),
]
CASES = {case.name: case for case in TABLE}

each_case = pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)


# --- Running a kernel with guards around its memory -----------------------------------------------------------------

GUARD = 64


def guarded(array: np.ndarray) -> np.ndarray:
    """A copy of the array that lies between two stretches of poison."""
    buffer = poisoned(array.dtype, (array.size + 2 * GUARD,))
    inside = buffer[GUARD : GUARD + array.size].reshape(array.shape)
    inside[...] = array
    return inside


def assert_guards_stand(inside: np.ndarray) -> None:
    buffer = inside
    while buffer.base is not None:
        buffer = buffer.base
    guards = np.concatenate([buffer[:GUARD], buffer[buffer.size - GUARD :]])
    assert guards.tobytes() == poisoned(guards.dtype, guards.shape).tobytes(), "written beyond the end of an array"


def view(array: np.ndarray, kind: str) -> np.ndarray:
    """An array of the same shape in other memory; some kinds repeat elements, and a 0-d array stands for the shape."""
    backwards = (slice(None, None, -1),) * array.ndim
    match kind:
        case "transposed":
            return guarded(array.T).T
        case "reversed":
            return guarded(array[backwards])[backwards]
        case "stepped":
            wide = guarded(np.repeat(array, 2, axis=-1))
            wide[..., 1::2] = poisoned(array.dtype, wide[..., 1::2].shape)
            return wide[..., ::2]
        case "expanded first":
            return np.broadcast_to(guarded(array[:1]), array.shape)
        case "expanded last":
            return np.broadcast_to(guarded(array[..., :1]), array.shape)
        case "0-d":
            return guarded(array[(0,) * array.ndim])
        case _:
            return guarded(array)


VIEWS = ["contiguous", "transposed", "reversed", "stepped", "expanded first", "expanded last"]


def views(case: Case, call: Call, array: np.ndarray) -> list[str]:
    """The kinds of memory in which the kernel takes this input."""
    if not case.is_strided or not array.ndim:
        return VIEWS[:1]
    is_operand = case.name.startswith("elementwise") and len(call.inputs) > 1
    return [*VIEWS, "0-d"] if is_operand and array.size else VIEWS


def run(package: str, case: Case, call: Call) -> tuple[np.ndarray, ...]:
    """Outputs of a kernel that read its inputs only, and wrote its outputs and its scratch only."""
    module_name, _, name = case.name.partition(".")
    module = importlib.import_module(f"minigrad_kernels.{package}.{module_name}")
    outs = tuple(guarded(out) for out in call.outs)
    before = [array.tobytes() for array in call.inputs]
    inputs = (call.inputs,) if case.name == "index.cat" else call.inputs
    arguments = (*outs, *inputs, *call.scalars)
    for array in call.inputs:
        array.flags.writeable = False
    written = list(outs)
    if hasattr(module, f"{name}_scratch_bytes"):
        size = getattr(module, f"{name}_scratch_bytes")(*arguments)
        written.append(guarded(np.full(size, 0xFF, np.uint8)))
    getattr(module, name)(*arguments, *written[len(outs) :])
    for array in written:
        assert_guards_stand(array)
    assert [array.tobytes() for array in call.inputs] == before
    return outs


def assert_close(got: np.ndarray, expected: np.ndarray, bound: Any) -> None:
    """Equal, both NaN, or not further apart than the bound; subnormal numbers may be flushed to zero."""
    with np.errstate(invalid="ignore", over="ignore"):
        close = (got == expected) | ((got != got) & (expected != expected))
        if got.dtype.kind == "f":
            distance = np.abs(got.astype(np.float64) - expected)
            allowed = np.where(bound == 0, 0, bound + np.finfo(got.dtype).smallest_normal)
            close |= (distance <= allowed) & np.isfinite(bound)
    if not close.all():
        worst = tuple(np.argwhere(~close)[0].tolist())
        raise AssertionError(f"{(~close).sum()} of {close.size} differ, at {worst}: {got[worst]} != {expected[worst]}")


def assert_equals_reference(case: Case, call: Call, got: tuple[np.ndarray, ...]) -> None:
    expected = run("reference", case, call)
    for result, answer, bound in zip(got, expected, case.bound(case, call, expected), strict=True):
        assert_close(result, answer, bound)


@st.composite
def calls(draw, case: Case) -> Call:
    """A call with drawn sizes, NaN and infinities here and there, and inputs in any memory that the kernel takes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(case.dtypes))
    call = case.build(rng, dtype, **draw(case.sizes))
    inputs = list(call.inputs)
    floating = [x for i, x in enumerate(inputs) if x.dtype.kind == "f" and x.size and i not in case.stay_finite]
    for array in floating:
        for place in draw(st.lists(st.integers(0, array.size - 1), max_size=2)):
            array.flat[place] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    return call._replace(inputs=tuple(view(array, draw(st.sampled_from(views(case, call, array)))) for array in inputs))


# --- What the contract promises -------------------------------------------------------------------------------------


def test_every_entry_point_of_the_cpu_is_in_the_table():
    found = set()
    for module_name in MODULES:
        module = importlib.import_module(f"minigrad_kernels.cpu.{module_name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not name.startswith("_"):
                found.add(f"{module_name}.{name}")
    assert {name for name in found if not name.endswith("_scratch_bytes")} == set(CASES)


@each_case
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_cpu_equals_reference(case, data):
    call = data.draw(calls(case))
    assert_equals_reference(case, call, run("cpu", case, call))


@pytest.fixture
def divided_work(monkeypatch):
    """Lets even tiny work go to several threads; a list of the numbers of tasks that kernels were divided into."""
    divided = []
    run_with_threads = threads.run

    def record_and_run(kernel, tasks, work, *arguments):
        divided.append(tasks)
        run_with_threads(kernel, tasks, work, *arguments)

    monkeypatch.setattr(threads, "run", record_and_run)
    monkeypatch.setattr(threads, "SHARE_NANOSECONDS", 1)
    before = threads.get_num_threads()
    yield divided
    threads.set_num_threads(before)


@each_case
@pytest.mark.parametrize("dtype", FLOATS)
def test_large_work_gives_equal_bits_at_any_number_of_threads(case, dtype, divided_work):
    for sizes in case.large:
        call = case.build(np.random.default_rng(0), dtype, **sizes)
        call = call._replace(inputs=tuple(map(guarded, call.inputs)))
        results = []
        for count in (1, 2, 4):
            threads.set_num_threads(count)
            results.append(run("cpu", case, call))
        alone, *together = ([out.tobytes() for out in result] for result in results)
        assert all(result == alone for result in together)
        assert_equals_reference(case, call, results[0])
    assert max(divided_work, default=2) > 1, "work too small to be divided shows nothing"
