"""What the strategies promise: layouts keep the elements, geometries are valid, fills keep their distance."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.nn import functional as F
from minigrad.ops.create import zeros
from minigrad.testing import fills
from minigrad.testing.geometry import convolutions, poolings
from minigrad.testing.layouts import LAYOUTS, relaid
from minigrad.testing.opspec import Sample
from minigrad.testing.strategies import arrays, broadcastable_shapes, empty_shapes, filled, shapes, with_specials


@given(hnp.arrays(np.int64, shapes()), st.sampled_from(LAYOUTS))
def test_a_layout_keeps_the_elements(array, layout):
    copy = relaid(array, layout)
    assert isinstance(copy, np.ndarray)
    assert (copy.shape, copy.dtype, copy.tolist()) == (array.shape, array.dtype, array.tolist())
    assert not np.shares_memory(copy, array)
    assert copy.flags.writeable == (layout != "read-only")


def test_layouts_differ():
    strides = {layout: relaid(np.zeros((2, 3)), layout).strides for layout in LAYOUTS}
    assert strides == {
        "contiguous": (24, 8),
        "read-only": (24, 8),
        "Fortran": (8, 16),
        "transposed": (8, 16),
        "sliced": (48, 16),
        "negative stride": (-24, -8),
    }


def test_the_first_axis_is_innermost_when_transposed():
    assert relaid(np.zeros((2, 3, 4)), "transposed").strides == (8, 64, 16)
    assert relaid(np.zeros((2, 3, 4)), "Fortran").strides == (8, 16, 48)


@given(empty_shapes(), empty_shapes(batch=True))
def test_empty_shapes_are_empty(any_axis, batch):
    assert 0 in any_axis
    assert batch[0] == 0
    assert 0 not in batch[1:]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_arrays_have_their_dtype_and_are_bounded(dtype):
    @given(arrays(dtype, layouts=LAYOUTS))
    def property_holds(array):
        assert isinstance(array, np.ndarray)
        assert array.dtype == dtype
        assert (np.abs(array.astype(np.float64)) <= 8).all()

    property_holds()


@given(with_specials(arrays(shape=shapes(min_dims=1, min_side=1))))
def test_special_values_are_few(array):
    assert 1 <= (~np.isfinite(array)).sum() <= 3


@given(with_specials(arrays(shape=empty_shapes())))
def test_without_elements_there_are_no_special_values(array):
    assert array.size == 0


@given(filled(fills.floats, fills.positive))
def test_filled_samples_have_equal_shapes_and_are_made_again_from_seed_and_sizes(sample):
    assert isinstance(sample, Sample)
    (shape,) = {array.shape for array in sample.inputs}
    again = filled(fills.floats, fills.positive).build(np.random.default_rng(sample.origin.seed), shape=shape)
    assert [array.tolist() for array in again.inputs] == [array.tolist() for array in sample.inputs]


@given(broadcastable_shapes(3))
def test_broadcastable_shapes_broadcast(drawn):
    np.broadcast_shapes(*drawn)


@given(convolutions())
def test_convolutions_are_valid(conv):
    out = F.conv2d(zeros(*conv.input_shape), zeros(*conv.weight_shape), **conv.options)
    assert out.shape == conv.output_shape


@given(poolings(dilated=True))
def test_poolings_are_valid(pool):
    F.max_pool2d(zeros(*pool.input_shape), **pool.options, dilation=pool.dilation)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (4, 5), (2, 3, 4)])
def test_fills_keep_their_distance(shape):
    rng = np.random.default_rng(0)
    names = ("floats", "positive", "away_from_zero", "distinct", "few", "log_probabilities")
    drawn = {name: getattr(fills, name)(rng, shape) for name in names}
    assert all(np.shape(array) == shape and (np.abs(array) <= 3).all() for array in drawn.values())
    assert (np.abs(drawn["away_from_zero"]) >= 0.3).all()
    assert (drawn["positive"] > 0).all()
    steps = np.diff(np.sort(drawn["distinct"], axis=None))
    assert (steps > 1 / max(np.size(drawn["distinct"]), 1)).all()


def test_minigrad_and_its_checkers_do_not_import_hypothesis():
    code = "import sys, minigrad, minigrad.testing; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
