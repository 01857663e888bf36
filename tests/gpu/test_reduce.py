"""Reductions by whole blocks, of few and of many outputs, and over axes that lie apart in memory."""

import numpy as np
import pytest

from minigrad_kernels.cuda import reduce
from tests.gpu.running import run, to_device, to_host
from tests.kernels.cases.case import Call, poisoned

FEW_AND_LONG = [((3, 2100), 1), ((2100, 3), 0), ((2100, 1), 0), ((20, 300), 1), ((300, 20), 0), ((700, 3), 1)]


def _whole_numbers(shape, dtype="float32"):
    """Numbers whose sums are exact."""
    return np.random.default_rng(0).integers(-9, 10, shape).astype(dtype)


@pytest.mark.parametrize(("shape", "axis"), FEW_AND_LONG)
def test_sums_and_extremes_by_groups_of_any_size(shape, axis):
    x = _whole_numbers(shape)
    kept = shape[:axis] + shape[axis + 1 :]
    for name, expected in (("sum", x.sum(axis)), ("amax", x.max(axis)), ("amin", x.min(axis))):
        (out,) = run(f"reduce.{name}", Call((poisoned("float32", kept),), (x,), ((axis,),)))
        assert np.array_equal(out, expected), name
    for name, expected in (("argmax", x.argmax(axis)), ("argmin", x.argmin(axis))):
        (out,) = run(f"reduce.{name}", Call((poisoned("int64", kept),), (x,), (axis,)))
        assert np.array_equal(out, expected), name
    (out,) = run("reduce.cumsum", Call((poisoned("float32", shape),), (x,), (axis,)))
    assert np.array_equal(out, x.cumsum(axis))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_first_nan_of_a_long_row_is_found(name):
    x = _whole_numbers((1, 3000))
    x[0, [1203, 1204, 2999]] = np.nan
    (out,) = run(f"reduce.{name}", Call((poisoned("int64", (1,)),), (x,), (1,)))
    assert out == 1203


def _in_pieces():
    """An array of nine axes, of which no two are one in memory."""
    return _whole_numbers((2, 3, 2, 3, 2, 3, 2, 3, 2))[(slice(None, None, -1),) * 9]


@pytest.mark.parametrize("axes", [(0, 2, 4, 6), (8,), ()])
def test_outputs_and_elements_that_lie_apart(axes):
    x = _in_pieces()
    expected = x.sum(axes)
    out = to_device(np.zeros_like(expected))
    reduce.sum(out, to_device(x), axes)
    assert np.array_equal(to_host(out), expected)


def test_elements_in_more_pieces_than_a_kernel_walks_are_refused():
    x = to_device(_in_pieces())
    with pytest.raises(ValueError, match=r"axes \(0, 2, 4, 6, 8\) of .* are more than 4 in memory"):
        reduce.sum(to_device(np.zeros((3,) * 4, "float32")), x, (0, 2, 4, 6, 8))
