"""Output sizes against windows found by walking along the axis, and the gradient of what no window covers."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.nn import functional as F
from minigrad.testing.geometry import convolutions, poolings
from minigrad_kernels.reference.windows import covered, window_starts


def windows(sizes, ceil_mode=False):
    """For each of the two axes, the window starts."""
    axes = zip(sizes.size, sizes.kernel, sizes.stride, sizes.padding, sizes.dilation, strict=True)
    return [window_starts(*axis, ceil_mode) for axis in axes]


def is_covered(sizes, starts):
    """Which positions of an image some window covers."""
    rows, columns = (np.zeros(length, bool) for length in sizes.size)
    for axis, seen in enumerate((rows, columns)):
        for start in starts[axis]:
            for _, position in covered(start, sizes.kernel[axis], sizes.dilation[axis], sizes.size[axis]):
                seen[position] = True
    return np.outer(rows, columns)


def ones(shape):
    return mg.ones(*shape, dtype=mg.float64, requires_grad=True)


@settings(max_examples=100)
@given(convolutions())
def test_conv2d_has_an_output_for_each_window_and_a_gradient_where_windows_are(conv):
    starts = windows(conv)
    x, w = ones(conv.input_shape), ones(conv.weight_shape)
    out = F.conv2d(x, w, **conv.options)
    assert out.shape == (conv.batch, conv.groups * conv.outputs, *map(len, starts))
    out.sum().backward()
    reached = is_covered(conv, starts) & bool(conv.outputs)
    assert ((x.grad.numpy() > 0) == reached).all()


@settings(max_examples=100)
@given(poolings(dilated=True))
def test_max_pool2d_has_an_output_for_each_window_and_no_gradient_elsewhere(pool):
    starts = windows(pool, pool.ceil_mode)
    x = ones(pool.input_shape)
    out = F.max_pool2d(x, **pool.options, dilation=pool.dilation)
    assert out.shape == (pool.batch, pool.channels, *map(len, starts))
    (grad,) = mg.grad(out, x, mg.ones_like(out))
    assert not grad.numpy()[..., ~is_covered(pool, starts)].any()


@settings(max_examples=100)
@given(poolings(), st.booleans())
def test_avg_pool2d_has_an_output_for_each_window_and_a_gradient_where_windows_are(pool, count_include_pad):
    starts = windows(pool, pool.ceil_mode)
    x = ones(pool.input_shape)
    out = F.avg_pool2d(x, **pool.options, count_include_pad=count_include_pad)
    assert out.shape == (pool.batch, pool.channels, *map(len, starts))
    (grad,) = mg.grad(out, x, mg.ones_like(out))
    assert ((grad.numpy() > 0) == is_covered(pool, starts)).all()


def test_a_stride_past_the_kernel_leaves_inputs_without_a_gradient():
    x = ones((1, 1, 1, 5))
    F.conv2d(x, ones((1, 1, 1, 1)), stride=(1, 3)).sum().backward()
    assert x.grad.tolist() == [[[[1.0, 0.0, 0.0, 1.0, 0.0]]]]
