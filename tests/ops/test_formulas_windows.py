"""Convolutions and poolings in all their geometry against NumPy's loops over windows, through the public functions."""

from itertools import product

import numpy as np

from minigrad_kernels import shapes
from minigrad_kernels.reference.windows import window_starts
from tests.ops.table import TABLE, over_samples
from tests.ops.test_formulas import assert_equals_formula


def pair(value):
    return tuple(np.broadcast_to(value, (2,)).tolist())


def windows(x, kernel, stride=1, padding=0, dilation=1, fill=0.0, ceil_mode=False):
    """What each window holds, in (N, C, P, Q, kernel_h, kernel_w)."""
    stride, dilation = pair(stride), pair(dilation)
    places = []
    for side in range(2):
        k, d = kernel[side], dilation[side]
        if padding == "same":
            before, after = shapes.same_padding(k, d)
        else:
            before = after = 0 if padding == "valid" else pair(padding)[side]
        if ceil_mode:
            starts = window_starts(x.shape[2 + side], k, stride[side], before, d, True)
        else:
            starts = range(-before, x.shape[2 + side] + after - d * (k - 1), stride[side])
        places.append(np.add.outer(np.array(starts, int), d * np.arange(k)))
    wide = max(np.abs(place).max(initial=0) for place in places) + 1
    x = np.pad(x, ((0, 0), (0, 0), (wide, wide), (wide, wide)), constant_values=fill)
    rows, columns = (place + wide for place in places)
    return x[:, :, rows[:, None, :, None], columns[None, :, None, :]]


def of_batches(function):
    """The function of a batch, or of one image as a batch of one."""

    def run(x, *others, **options):
        return function(x, *others, **options) if x.ndim == 4 else function(x[None], *others, **options)[0]

    return run


@of_batches
def conv2d(x, w, bias=None, stride=1, padding=0, dilation=1, groups=1):
    taps = windows(x, w.shape[2:], stride, padding, dilation)
    n, c, p, q, *kernel = taps.shape
    grouped = taps.reshape(n, groups, c // groups, p, q, *kernel)
    filters = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    out = np.einsum("ngcpqij,gocij->ngopq", grouped, filters).reshape(n, w.shape[0], p, q)
    return out if bias is None else out + bias[:, None, None]


def conv1d(x, w, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Images of one row."""
    if x.ndim == 2:
        return conv1d(x[None], w, bias, stride, padding, dilation, groups)[0]
    pads = padding if isinstance(padding, str) else (0, padding)
    stride, dilation = (1, stride), (1, np.ravel(dilation).item())
    return conv2d(x[:, :, None], w[:, :, None], bias, stride, pads, dilation, groups)[:, :, 0]


@of_batches
def conv_transpose2d(x, w, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Each input adds its multiple of the filter, and the padding is cut off."""
    stride, padding, extra, dilation = map(pair, (stride, padding, output_padding, dilation))
    n, c, *sides = x.shape
    outputs, *kernel = w.shape[1:]
    steps = list(zip(sides, stride, dilation, kernel, extra, strict=True))
    out = np.zeros((n, groups * outputs, *[(m - 1) * s + d * (k - 1) + 1 + e for m, s, d, k, e in steps]))
    for g, *tap in product(range(groups), *map(range, kernel)):
        channels = slice(g * c // groups, (g + 1) * c // groups)
        added = np.einsum("nchw,co->nohw", x[:, channels], w[channels, :, tap[0], tap[1]])
        rows, columns = (
            slice(i * d, i * d + (m - 1) * s + 1, s) for i, (m, s, d, _, _) in zip(tap, steps, strict=True)
        )
        out[:, g * outputs : (g + 1) * outputs, rows, columns] += added
    inside = (slice(p, length - p) for p, length in zip(padding, out.shape[2:], strict=True))
    out = out[:, :, *inside]
    return out if bias is None else out + bias[:, None, None]


@of_batches
def locally_connected2d(x, w, bias=0.0, stride=1, padding=0, dilation=1):
    return np.einsum("ncpqij,pqocij->nopq", windows(x, w.shape[4:], stride, padding, dilation), w) + bias


@of_batches
def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    taps = windows(x, pair(kernel_size), stride, padding, dilation)
    n, c, p, q, *kernel = taps.shape
    return taps.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * kernel[0] * kernel[1], p * q)


@of_batches
def max_pool2d(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    kernel = pair(kernel_size)
    return windows(x, kernel, stride or kernel, padding, dilation, -np.inf, ceil_mode).max((-1, -2))


@of_batches
def avg_pool2d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Sums, divided by the same windows over ones, which reach into the padding where that counts."""
    kernel, margin = pair(kernel_size), pair(padding)
    stride = stride or kernel
    ones = np.full((1, 1, *[n + 2 * m for n, m in zip(x.shape[2:], margin, strict=True)]), float(count_include_pad))
    ones[:, :, margin[0] : margin[0] + x.shape[2], margin[1] : margin[1] + x.shape[3]] = 1
    sums = windows(x, kernel, stride, margin, ceil_mode=ceil_mode).sum((-1, -2))
    counts = windows(ones, kernel, stride, 0, ceil_mode=ceil_mode).sum((-1, -2))
    return sums / np.maximum(counts[:, :, : sums.shape[2], : sums.shape[3]], 1)


def adaptive_windows(x, output_size):
    """Of each window its place and its bounds, from floor(i H / P) to ceil((i + 1) H / P)."""
    sides = output_size if isinstance(output_size, tuple) else (output_size, output_size)
    lengths = x.shape[-2:]
    counts = [n if side is None else side for side, n in zip(sides, lengths, strict=True)]
    for place in np.ndindex(*counts):
        around = zip(place, counts, lengths, strict=True)
        yield place, [slice(i * n // count, -(-(i + 1) * n // count)) for i, count, n in around]


def as_image(x, found):
    """Values by place as an array of images."""
    return np.stack(list(found.values()), -1).reshape(*x.shape[:-2], *(1 + last for last in max(found)))


def adaptive_avg_pool2d(x, output_size):
    found = {place: x[..., rows, columns].mean((-1, -2)) for place, (rows, columns) in adaptive_windows(x, output_size)}
    return as_image(x, found)


def adaptive_max_pool2d(x, output_size, return_indices):
    values, indices = {}, {}
    for place, (rows, columns) in adaptive_windows(x, output_size):
        window = x[..., rows, columns]
        first = window.reshape(*x.shape[:-2], window.shape[-2] * window.shape[-1]).argmax(-1)
        values[place] = window.max((-1, -2))
        row, column = np.divmod(first, window.shape[-1])
        indices[place] = (row + rows.start) * x.shape[-1] + column + columns.start
    return (as_image(x, values), as_image(x, indices)) if return_indices else as_image(x, values)


def max_unpool2d(x, indices, kernel_size, stride, padding, output_size):
    out, counts = np.zeros((2, *x.shape[:-2], *output_size))
    for place in np.ndindex(x.shape):
        target = (*place[:-2], *divmod(int(indices[place]), output_size[1]))
        out[target] += x[place]
        counts[target] += 1
    return out / np.maximum(counts, 1)


FORMULAS = {
    "conv2d": conv2d,
    "conv2d of one image": conv2d,
    "conv1d": conv1d,
    "conv1d of the same length": conv1d,
    "conv_transpose2d": conv_transpose2d,
    "locally_connected2d": locally_connected2d,
    "unfold": unfold,
    "max_pool2d of one image": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "avg_pool2d of one image": avg_pool2d,
    "adaptive_avg_pool2d": adaptive_avg_pool2d,
    "adaptive_max_pool2d": adaptive_max_pool2d,
    "max_unpool2d": max_unpool2d,
}
WITH_FORMULA = [spec for spec in TABLE if spec.name in FORMULAS]


@over_samples(WITH_FORMULA, 60)
def test_windows_are_those_of_the_loops(spec, sample):
    assert_equals_formula(spec, sample, FORMULAS[spec.name])


def test_every_formula_has_its_record():
    assert {spec.name for spec in WITH_FORMULA} == set(FORMULAS)
