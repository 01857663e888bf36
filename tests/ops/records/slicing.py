"""Records of slices, of their adjoint, and of reversal."""

from functools import wraps

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad.errors import ShapeError
from minigrad.ops import slicing as ops
from minigrad.testing import ErrorInput, OpSpec, Sample, applied
from minigrad.testing.fills import floats
from minigrad.testing.strategies import samples, shape_and_axes, shapes
from minigrad.testing.tolerance import exact
from tests.ops.records.elementwise import NUMBERS, no_tensor


@st.composite
def embeddings(draw):
    """Where to put something: the op wants a tuple without Ellipsis, its integers counted from the start."""
    shape = draw(shapes())
    index = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=False))
    items = index if isinstance(index, tuple) else (index,)
    lengths = iter(shape)
    placed = [(item, None if item is None else next(lengths)) for item in items]
    return shape, tuple(item % length if isinstance(item, int) else item for item, length in placed)


def embedded(rng, drawn):
    shape, index = drawn
    return Sample((floats(rng, np.empty(shape)[index].shape),), {"params": (index, shape)})


def reversed_along(rng, drawn):
    shape, dims = drawn
    return Sample((floats(rng, shape),), {"dims": tuple(range(len(shape))) if dims is None else dims})


X = np.zeros((2, 3))

RECORDS = [
    OpSpec(
        "embed",
        applied(ops.EMBED),
        samples(embedded, drawn=embeddings()),
        ops.EMBED,
        tolerance=exact,
        dtypes=NUMBERS,
    ),
    OpSpec(
        "flip",
        mg.flip,
        samples(reversed_along, drawn=shape_and_axes()),
        linear=(0,),
        tolerance=exact,
        dtypes=NUMBERS,
        error_inputs=(
            no_tensor("flip")._replace(options={"dims": 0}),
            ErrorInput((X,), ShapeError, "flip: dim names an axis twice: (1, -1)", {"dims": (1, -1)}),
            ErrorInput(
                (X,), ShapeError, "flip: dim must lie in [-2, 1] for a tensor of 2 axes, got 2", {"dims": (0, 2)}
            ),
        ),
    ),
    OpSpec(
        "flip along separate axes",
        wraps(mg.flip)(lambda input, dims: input.flip(*dims)),
        samples(reversed_along, drawn=st.tuples(shapes(min_dims=1), st.none())),
        linear=(0,),
        tolerance=exact,
    ),
]
