"""The output-size formulas against enumeration by brute force and against NumPy's own answers."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad_kernels import shapes
from minigrad_kernels.reference.windows import covered, window_starts

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
many = settings(max_examples=500, deadline=None)


@many
@given(
    size=st.integers(0, 30),
    kernel=st.integers(1, 8),
    stride=st.integers(1, 6),
    padding=st.integers(0, 10),
    dilation=st.integers(1, 4),
)
def test_window_output_size_counts_the_windows_that_fit(size, kernel, stride, padding, dilation):
    starts = window_starts(size, kernel, stride, padding, dilation)
    formula = shapes.window_output_size(size, kernel, stride, padding, dilation)
    assert max(formula, 0) == len(starts)
    assert all(start + (kernel - 1) * dilation < size + padding for start in starts)


@many
@given(data=st.data(), size=st.integers(0, 30), kernel=st.integers(1, 8), stride=st.integers(1, 6))
def test_ceil_mode_adds_an_overhanging_window_that_starts_on_the_input(data, size, kernel, stride):
    dilation = data.draw(st.integers(1, 4))
    padding = data.draw(st.integers(0, (dilation * (kernel - 1) + 1) // 2))  # what PyTorch allows a pooling
    starts = window_starts(size, kernel, stride, padding, dilation, ceil_mode=True)
    formula = shapes.window_output_size(size, kernel, stride, padding, dilation, ceil_mode=True)
    assert max(formula, 0) == len(starts)
    floor_starts = window_starts(size, kernel, stride, padding, dilation)
    assert starts[: len(floor_starts)] == floor_starts
    assert len(starts) <= len(floor_starts) + 1


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "ceil_mode", "expected"),
    [
        (32, 40, 1, 0, False, -7),
        (227, 11, 4, 0, False, 55),
        (55, 3, 2, 0, False, 27),
        (6, 3, 2, 0, False, 2),
        (6, 3, 2, 0, True, 3),
        (5, 2, 2, 1, True, 3),
        (4, 1, 3, 0, True, 2),
        (2, 1, 3, 0, True, 1),
    ],
)
def test_window_output_size_of_known_layers(size, kernel, stride, padding, ceil_mode, expected):
    assert shapes.window_output_size(size, kernel, stride, padding, 1, ceil_mode) == expected


def test_covered_leaves_out_the_padding():
    assert covered(start=-2, kernel=4, dilation=2, size=4) == [(1, 0), (2, 2)]


@given(
    size=st.integers(0, 20),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 6),
    padding=st.integers(0, 4),
    dilation=st.integers(1, 4),
)
@settings(deadline=None)
def test_uncovered_counts_what_no_window_reaches(size, kernel, stride, padding, dilation):
    starts = window_starts(size, kernel, stride, padding, dilation)
    reached = {place for start in starts for _, place in covered(start, kernel, dilation, size)}
    assert shapes.uncovered(size, kernel, stride, padding, dilation) == size - len(reached)


@given(size=st.integers(1, 20), kernel=st.integers(1, 8), dilation=st.integers(1, 4))
@settings(deadline=None)
def test_same_padding_keeps_the_size(size, kernel, dilation):
    before, after = shapes.same_padding(kernel, dilation)
    assert after - before in (0, 1)
    assert len(window_starts(size + before + after, kernel, 1, 0, dilation)) == size


@many
@given(requested=hnp.mutually_broadcastable_shapes(num_shapes=3, min_side=0, max_side=4))
def test_broadcast_shapes_equals_numpy(requested):
    assert shapes.broadcast_shapes(*requested.input_shapes) == requested.result_shape


@many
@given(a=SHAPES, b=SHAPES)
def test_broadcast_shapes_refuses_what_numpy_refuses(a, b):
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        with pytest.raises(ValueError, match="do not broadcast"):
            shapes.broadcast_shapes(a, b)
    else:
        assert shapes.broadcast_shapes(a, b) == expected


@many
@given(data=st.data(), shape=SHAPES)
def test_reduced_shape_equals_numpy(data, shape):
    axes = tuple(axis for axis in range(len(shape)) if data.draw(st.booleans()))
    assert shapes.reduced_shape(shape, axes) == np.zeros(shape).sum(axis=axes).shape


@many
@given(data=st.data(), shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6))
def test_sliced_shape_equals_numpy(data, shape):
    index = data.draw(hnp.basic_indices(shape, allow_ellipsis=False, allow_newaxis=True))
    index = index if isinstance(index, tuple) else (index,)
    assert shapes.sliced_shape(shape, index) == np.zeros(shape)[index].shape


@many
@given(length=st.integers(0, 9), bounds=st.tuples(*[st.none() | st.integers(-12, 12)] * 2), step=st.integers(-4, 4))
def test_sliced_shape_clips_slices_as_numpy_does(length, bounds, step):
    index = (slice(*bounds, step or None),)
    assert shapes.sliced_shape((length,), index) == np.zeros(length)[index].shape


@many
@given(shape=SHAPES, requested=st.lists(st.integers(-1, 6), max_size=4).map(tuple))
def test_reshaped_equals_numpy_or_refuses(shape, requested):
    assume(np.prod(shape, dtype=int) > 0)  # NumPy is looser than PyTorch about arrays without elements
    try:
        expected = np.zeros(shape).reshape(requested).shape
    except ValueError:
        with pytest.raises(ValueError, match=r"-1|do not fill"):
            shapes.reshaped(shape, requested)
    else:
        assert shapes.reshaped(shape, requested) == expected


@many
@given(data=st.data(), shape=SHAPES)
def test_reshaped_finds_the_missing_length(data, shape):
    axes = [axis for axis in range(len(shape)) if np.prod(shape[:axis] + shape[axis + 1 :], dtype=int) > 0]
    assume(axes)
    axis = data.draw(st.sampled_from(axes))
    assert shapes.reshaped(shape, (*shape[:axis], -1, *shape[axis + 1 :])) == shape


@pytest.mark.parametrize(
    ("shape", "requested", "message"),
    [
        ((2, 3), (4, 2), r"6 elements of shape \(2, 3\) do not fill \(4, 2\)"),
        ((2, 3), (4, -1), "do not fill"),
        ((2, 3), (-2, -3), "do not fill"),
        ((2, 3), (-1, -1), "only one length"),
        ((0, 3), (0, -1), "any length"),
    ],
)
def test_reshaped_says_what_is_wrong(shape, requested, message):
    with pytest.raises(ValueError, match=message):
        shapes.reshaped(shape, requested)


def operands(rank: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[st.integers(0, 2)] * rank)


@many
@given(a=st.integers(0, 4).flatmap(operands), b=st.integers(0, 4).flatmap(operands))
def test_matmul_shape_equals_numpy_or_refuses(a, b):
    try:
        expected = (np.zeros(a) @ np.zeros(b)).shape
    except ValueError:
        with pytest.raises(ValueError, match=r"axis|do not broadcast"):
            shapes.matmul_shape(a, b)
    else:
        assert shapes.matmul_shape(a, b) == expected
