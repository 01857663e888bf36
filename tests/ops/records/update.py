"""Records of the ops that work in place."""

from hypothesis import strategies as st

from minigrad import autograd
from minigrad.ops import update as ops
from minigrad.testing import OpSpec, Sample, applied
from minigrad.testing.fills import floats
from minigrad.testing.strategies import samples, shapes
from minigrad.testing.tolerance import absolute, exact, rounded
from tests.ops.records.elementwise import NUMBERS


def targets(count):
    def build(rng, shape):
        return Sample(tuple(floats(rng, shape) for _ in range(count)))

    return samples(build, shape=shapes())


def filled(rng, shape, value):
    return Sample((floats(rng, shape),), {"params": (value,)})


def approached(rng, shape, weight):
    return Sample((floats(rng, shape), floats(rng, shape)), {"params": (weight,)})


def random(rng, shape, first, second, offset):
    seed, stream = int(rng.integers(2**63)), int(rng.integers(4))
    return Sample((floats(rng, shape),), {"params": (first, second, seed, stream, offset)})


def in_place(op, strategy, **options):
    return OpSpec(op.name, applied(op), strategy, op, order=0, **options)


RECORDS = [
    in_place(
        autograd.FILL,
        samples(filled, shape=shapes(), value=st.integers(0, 3)),
        tolerance=exact,
        dtypes=NUMBERS,
    ),
    in_place(ops.COPY, targets(2), tolerance=exact, dtypes=NUMBERS),
    in_place(autograd.ACCUMULATE, targets(2), tolerance=rounded),
    in_place(
        ops.LERP, samples(approached, shape=shapes(), weight=st.sampled_from((0.1, 0.0, 1.0))), tolerance=absolute(4)
    ),
    in_place(
        ops.UNIFORM,
        samples(random, shape=shapes(), first=st.just(-0.5), second=st.just(0.7), offset=st.integers(0, 2**34)),
        tolerance=absolute(1),
    ),
    in_place(
        ops.NORMAL,
        samples(random, shape=shapes(), first=st.just(1.0), second=st.just(0.5), offset=st.integers(0, 2**34)),
        tolerance=absolute(4),
    ),
]
