"""Cases of indexing and of joining arrays."""

from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad_kernels import shapes
from tests.kernels.cases.bounds import exact, summed
from tests.kernels.cases.case import ALL, Call, Case, poisoned, values
from tests.kernels.cases.sizes import COUNTS, LARGE, LONG, SHAPES, shape_and_axis


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


LARGE_GATHER = ({"shape": (300, 20), "index_shape": (280, 30), "axis": 1},)

CASES = [
    Case("index.gather", gathering, gatherings(), LARGE_GATHER, exact, ALL),
    Case("index.gather_input_grad", gathering_grad, gatherings(), LARGE_GATHER, summed, ALL),
    Case("index.embed", embedding, embeddings(), ({**LARGE[0], "index": (1, slice(3, None, 2), None)},), exact, ALL),
    Case("index.cat", joining, joinings(), ({"shape": (300, 1, 40), "axis": 1, "lengths": [2, 0, 3]},), exact, ALL),
]
