"""Records of padding, one a mode."""

import numpy as np
from hypothesis import strategies as st

from minigrad.errors import DataError, DTypeError, ShapeError
from minigrad.nn import functional as F
from minigrad.testing import ErrorInput, OpSpec, Sample
from minigrad.testing.fills import floats
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def paddings(draw, min_side, longest):
    """A shape and amounts for some of its axes, negative ones among them; the longest of n elements is longest(n)."""
    shape = draw(shapes(min_side=min_side))
    amounts = []
    for length in shape[: draw(st.integers(0, len(shape))) - len(shape) - 1 : -1]:
        taken = draw(st.sampled_from([(0, 0), (0, 0), (1, 0), (0, 1), (1, 1)]))
        left = length - sum(taken)
        if left < min_side:
            taken, left = (0, 0), length
        added = [draw(st.integers(0, min(longest(left), 3))) for _ in taken]
        amounts += [-out if out else new for out, new in zip(taken, added, strict=True)]
    return shape, tuple(amounts)


def padding(mode, min_side, longest, values=(None,), errors=()):
    def build(rng, drawn, value):
        shape, amounts = drawn
        return Sample((floats(rng, shape),), {"pad": amounts, "mode": mode, "value": value})

    drawn = samples(build, drawn=paddings(min_side, longest), value=st.sampled_from(values))
    return OpSpec(f"pad {mode}", F.pad, drawn, linear=(0,), tolerance=exact, dtypes=NUMBERS, error_inputs=errors)


def too_long(mode, pad, message):
    return ErrorInput(
        (X,), ShapeError, f"pad: mode {mode!r} {message}\n  input: float64[2, 3]", {"pad": pad, "mode": mode}
    )


X = np.zeros((2, 3))
NOTHING = np.zeros((2, 0))

RECORDS = [
    padding(
        "constant",
        0,
        lambda n: 3,
        (None, 0, 3, 2.5, True),
        (
            no_tensor("pad")._replace(options={"pad": (1, 1)}),
            ErrorInput(
                (X,),
                ShapeError,
                "pad: a (before, after) pair for some of the axes, got 3 numbers\n  input: float64[2, 3]",
                {"pad": (1, 1, 1)},
            ),
            ErrorInput(
                (X,),
                ShapeError,
                "pad: a (before, after) pair for some of the axes, got 6 numbers\n  input: float64[2, 3]",
                {"pad": (1,) * 6},
            ),
            ErrorInput((X,), DTypeError, "pad: an amount must be an integer, got 0.5", {"pad": (1, 0.5)}),
            ErrorInput(
                (X,),
                ShapeError,
                "pad: axis 0 has fewer elements than are taken away, 3\n  input: float64[2, 3]",
                {"pad": (0, 0, -2, -1)},
            ),
            ErrorInput(
                (X,),
                DataError,
                "pad: mode must be 'constant', 'reflect', 'replicate' or 'circular', got 'zeros'",
                {"pad": (1, 1), "mode": "zeros"},
            ),
            ErrorInput(
                (X,),
                DataError,
                "pad: mode 'reflect' takes no value, got 1.0",
                {"pad": (1, 1), "mode": "reflect", "value": 1.0},
            ),
            ErrorInput(
                (X.astype(np.uint8),),
                DataError,
                "pad: value must be a number that uint8 can hold, got 256",
                {"pad": (1, 1), "value": 256},
            ),
            ErrorInput(
                (X.astype(np.int64),),
                DataError,
                "pad: value must be a number that int64 can hold, got nan",
                {"pad": (1, 1), "value": np.nan},
            ),
            ErrorInput(
                (X,),
                DataError,
                "pad: value must be a number that float64 can hold, got 'text'",
                {"pad": (1, 1), "value": "text"},
            ),
        ),
    ),
    padding(
        "reflect",
        1,
        lambda n: n - 1,
        errors=(
            too_long("reflect", (2, 3), "adds at most 2 elements to an end of axis 1, not 3"),
            too_long("reflect", (0, 0, 2, 0), "adds at most 1 elements to an end of axis 0, not 2"),
        ),
    ),
    padding(
        "replicate",
        1,
        lambda n: n + 2,
        errors=(
            ErrorInput(
                (NOTHING,),
                ShapeError,
                "pad: mode 'replicate' adds at most 0 elements to an end of axis 1, not 1\n  input: float64[2, 0]",
                {"pad": (1, 0), "mode": "replicate"},
            ),
        ),
    ),
    padding(
        "circular",
        0,
        lambda n: n,
        errors=(too_long("circular", (4, 0), "adds at most 3 elements to an end of axis 1, not 4"),),
    ),
]
