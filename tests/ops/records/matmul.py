"""Records of matrix products."""

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.ops import matmul as ops
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import few, floats
from minigrad.testing.strategies import broadcastable_shapes, lengths, samples, shapes
from minigrad.testing.tolerance import summed
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def products(draw):
    """Shapes of two factors: batch axes that broadcast, or a vector on either side."""
    batch, other_batch = draw(broadcastable_shapes(max_dims=2))
    m, k, n = draw(lengths()), draw(lengths()), draw(lengths())
    left = draw(st.sampled_from([(*batch, m, k), (*batch, m, k), (k,)]))
    right = draw(st.sampled_from([(*other_batch, k, n), (*other_batch, k, n), (k,)]))
    return left, right


@st.composite
def layers(draw):
    rows, inside, outside = draw(shapes(max_dims=2)), draw(lengths()), draw(lengths())
    given = ((*rows, inside), (outside, inside), (outside,))
    return given[: draw(st.integers(2, 3))]


def filled(rng, drawn):
    return Sample(tuple(floats(rng, shape) for shape in drawn))


def rectified(rng, drawn):
    """Sums that lie halfway between integers, so that none is near 0."""
    return Sample((few(rng, drawn[0]), few(rng, drawn[1]), few(rng, drawn[1][:1]) + 0.5))


def inner_length(sample):
    return max(sample.inputs[0].shape[-1], 1) + 1


def strict(function, drawn, errors):
    """A product in which nothing broadcasts, of a batch of (m, k) and (k, n)."""

    def build(rng, drawn):
        batch, m, k, n = drawn
        return filled(rng, ((*batch, m, k), (*batch, k, n)))

    name = function.__name__
    errors += (
        ErrorInput(
            (np.zeros(2, F32), np.zeros(2)),
            DTypeError,
            f"{name}: input and mat2 must have one dtype; write mat2.to(input.dtype)\n"
            "  input: float32[2]\n"
            "  mat2:  float64[2]",
        ),
        ErrorInput(
            (np.zeros(2, np.int64), np.zeros(2)),
            DTypeError,
            f"{name}: input must be float; write input.to(minigrad.float32)\n  input: int64[2]",
        ),
    )
    return OpSpec(
        name, function, samples(build, drawn=drawn), linear=(0, 1), tolerance=summed(inner_length), error_inputs=errors
    )


def unequal(name, first, second):
    message = f"{name}: mat2 must have as many rows as input has columns, and the same batch"
    listed = f"\n  input: float64{list(first)}\n  mat2:  float64{list(second)}"
    return ErrorInput((np.zeros(first), np.zeros(second)), ShapeError, message + listed)


F32 = np.float32
RECORDS = [
    OpSpec(
        "matmul",
        mg.matmul,
        samples(filled, drawn=products()),
        ops.MATMUL,
        tolerance=summed(inner_length),
        error_inputs=(
            ErrorInput(
                (np.zeros((2, 3), F32), np.zeros((4, 5), F32)),
                ShapeError,
                "matmul: the last axis of (2, 3) and the rows of (4, 5) are summed over: 3 and 4 differ\n"
                "  input: float32[2, 3]\n"
                "  other: float32[4, 5]",
            ),
            ErrorInput(
                (np.zeros((2, 3), F32), np.zeros((), F32)),
                ShapeError,
                "matmul: at least one axis is needed on each side: (2, 3) and ()\n"
                "  input: float32[2, 3]\n"
                "  other: float32[]",
            ),
            ErrorInput(
                (np.zeros((2, 1, 3), F32), np.zeros((4, 3, 5), F32)),
                ShapeError,
                "matmul: shapes (2,) and (4,) do not broadcast: lengths 2 and 4 differ\n"
                "  input: float32[2, 1, 3]\n"
                "  other: float32[4, 3, 5]",
            ),
            ErrorInput(
                (np.zeros((2, 3), F32), np.zeros((3, 5))),
                DTypeError,
                "matmul: input and other must have one dtype; write other.to(input.dtype)\n"
                "  input: float32[2, 3]\n"
                "  other: float64[3, 5]",
            ),
            ErrorInput(
                (np.zeros((2, 3), np.int64), np.zeros((3, 5))),
                DTypeError,
                "matmul: input must be float; write input.to(minigrad.float32)\n  input: int64[2, 3]",
            ),
        ),
    ),
    strict(
        mg.mm,
        st.tuples(st.just(()), lengths(), lengths(), lengths()),
        (
            ErrorInput(
                (np.zeros((2, 3)), np.zeros(3)),
                ShapeError,
                "mm: mat2 must have 2 axes, (rows, columns)\n  mat2: float64[3]",
            ),
            unequal("mm", (2, 3), (2, 3)),
        ),
    ),
    strict(
        mg.bmm,
        st.tuples(st.tuples(lengths()), lengths(), lengths(), lengths()),
        (
            ErrorInput(
                (np.zeros((2, 3)), np.zeros((3, 2))),
                ShapeError,
                "bmm: input must have 3 axes, (batch, rows, columns)\n  input: float64[2, 3]",
            ),
            unequal("bmm", (2, 2, 3), (2, 2, 3)),
            unequal("bmm", (2, 2, 3), (1, 3, 2)),
        ),
    ),
    OpSpec(
        "outer",
        mg.outer,
        samples(filled, drawn=st.tuples(st.tuples(lengths()), st.tuples(lengths()))),
        linear=(0, 1),
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("outer")._replace(inputs=("text", np.zeros(2))),
            ErrorInput(
                (np.zeros((2, 3)), np.zeros(3)),
                ShapeError,
                "outer: input must have 1 axes, (length,)\n  input: float64[2, 3]",
            ),
        ),
    ),
    OpSpec(
        "linear",
        F.linear,
        samples(filled, drawn=layers()),
        ops.LINEAR,
        linear=(0, 1),
        tolerance=summed(inner_length),
        error_inputs=(
            ErrorInput(
                (np.zeros((2, 3), F32), np.zeros((5, 4), F32)),
                ShapeError,
                "linear: input has 3 features but weight expects 4\n  input:  float32[2, 3]\n  weight: float32[5, 4]",
            ),
            ErrorInput(
                (np.zeros((2, 3), F32), np.zeros(3, F32)),
                ShapeError,
                "linear: weight must have 2 axes, (out_features, in_features)\n  weight: float32[3]",
            ),
            ErrorInput(
                (np.zeros((2, 3), F32), np.zeros((5, 3), F32), np.zeros(3, F32)),
                ShapeError,
                "linear: bias must have one element for each of the 5 outputs\n"
                "  weight: float32[5, 3]\n"
                "  bias:   float32[3]",
            ),
            ErrorInput(
                (np.zeros((2, 3), F32), np.zeros((5, 3), F32), np.zeros(5)),
                DTypeError,
                "linear: input and bias must have one dtype; write bias.to(input.dtype)\n"
                "  input:  float32[2, 3]\n"
                "  weight: float32[5, 3]\n"
                "  bias:   float64[5]",
            ),
        ),
    ),
    OpSpec(
        "linear_relu",
        ops.linear_relu,
        samples(rectified, drawn=layers()),
        ops.LINEAR_RELU,
        tolerance=summed(inner_length),
    ),
]
