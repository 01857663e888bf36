"""The kernels of the CPU, called through the ops, against the reference."""

from hypothesis import strategies as st

from minigrad.testing.strategies import laid_out
from minigrad.testing.tolerance import assert_within
from tests.ops.table import TABLE, over_samples


def of_any_dtype(spec):
    typed = st.builds(lambda sample, dtype: sample.astype(dtype), spec.samples, st.sampled_from(spec.dtypes))
    return laid_out(typed)


@over_samples(TABLE, 100, of_any_dtype)
def test_cpu_equals_reference(spec, sample):
    before = [array.tobytes() for array in sample.inputs]
    got = spec.run(sample, "cpu")
    expected = spec.run(sample, "reference")
    for out, answer in zip(got, expected, strict=True):
        assert_within(out.numpy(), answer.numpy(), spec.tolerance(spec, sample, answer.numpy()))
    assert [array.tobytes() for array in sample.inputs] == before


@over_samples(TABLE, 10, of_any_dtype)
def test_a_spec_says_what_the_array_is(spec, sample):
    for out in spec.run(sample, "reference"):
        assert (out.shape, out.dtype) == (out.array.shape, out.array.dtype)
