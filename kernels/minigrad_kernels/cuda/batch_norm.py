"""Normalisation of each channel over a batch, and its gradients.

    batch_norm               out = weight (x - mean) r + bias,  r = (var + eps)**-0.5
    batch_norm_affine_grad   dweight = sum of dy (x - mean) r,  dbias = sum of dy
    batch_norm_input_grad    dx = weight r (dy - mean of dy - (x - mean) r**2 mean of dy (x - mean))

with the mean, the biased var and the sums of a channel, over all images and places; moments of nothing are 0. A channel
is reduced, and then written, by a group of threads of one block (`groups`): in one launch, without scratch, with one
writer for each element. Squares are of distances from the mean, in a second pass. Where a channel has one place, as in
the outputs of linear layers, channels lie side by side, and so do the groups' threads.
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import BLOCK, Kernel, kernel
from minigrad_kernels.cuda.groups import first_row, grid_rows, group_of, groups, lane_of, sum_of_group
from minigrad_kernels.cuda.language import cuda, device, math, uint32
from minigrad_kernels.cuda.launch import launch


def batch_norm(
    out_nchw: DeviceArray, mean_c: DeviceArray, var_c: DeviceArray, x_nchw: DeviceArray, affine: DeviceArray, eps: float
) -> None:
    """Normalise each channel, multiply by its weight and add its bias; write its mean and biased variance."""
    _launch(_batch_norm, x_nchw, (out_nchw.reshape(-1), mean_c, var_c, x_nchw.reshape(-1), affine), eps)


def batch_norm_affine_grad(
    grad: DeviceArray, dy_nchw: DeviceArray, x_nchw: DeviceArray, mean_c: DeviceArray, var_c: DeviceArray, eps: float
) -> None:
    """Sum dy times the normalised x, for the weight, and dy, for the bias."""
    _launch(_batch_norm_affine_grad, x_nchw, (grad, dy_nchw.reshape(-1), x_nchw.reshape(-1), mean_c, var_c), eps)


def batch_norm_input_grad(
    dx_nchw: DeviceArray, dy_nchw: DeviceArray, x_nchw: DeviceArray,
    affine: DeviceArray, mean_c: DeviceArray, var_c: DeviceArray, eps: float,
) -> None:  # fmt: skip
    """Write the gradient of x, through its mean and its variance too."""
    flat = (array.reshape(-1) for array in (dx_nchw, dy_nchw, x_nchw))
    _launch(_batch_norm_input_grad, x_nchw, (*flat, affine, mean_c, var_c), eps)


def _launch(chosen_kernel: Kernel, x_nchw: DeviceArray, arrays: tuple[DeviceArray, ...], eps: float) -> None:
    """Run a kernel with a group of threads for each channel."""
    batch, channels, *sides = x_nchw.shape
    places = math.prod(sides)
    chosen = groups(batch * places, channels, side_by_side=places == 1)
    launch(chosen_kernel, channels * chosen.lanes, *arrays, eps, channels, batch * places, places, *chosen)


@device
def _at(i, channel, channels, places):
    """Return where element i of a channel lies."""
    image = uint32(i // places)
    return uint32((image * channels + channel) * places + uint32(i % places))


@device
def _sums_of_channel(shared, dy, x, channel, mean, channels, count, places, lane, lanes, step):
    """Return the sum of dy, and of dy (x - mean), over a channel."""
    total, product = x.dtype.type(0), x.dtype.type(0)
    for i in range(lane, count, lanes):
        at = _at(uint32(i), channel, channels, places)
        total += dy[at]
        product += dy[at] * (x[at] - mean)
    total = sum_of_group(shared, total, lane, lanes, step)
    return total, sum_of_group(shared, product, lane, lanes, step)


@kernel("out T1", "out T1", "out T1", "in T1", "in T1", "T", *("uint",) * 5)
def _batch_norm(out, mean_c, var_c, x, affine, eps, channels, count, places, lanes, step):
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    divisor = x.dtype.type(max(count, uint32(1)))
    for first in range(first_row(lanes), channels, grid_rows(lanes)):
        channel = uint32(first + group)
        own = count if channel < channels else uint32(0)
        total = x.dtype.type(0)
        for i in range(lane, own, lanes):
            total += x[_at(uint32(i), channel, channels, places)]
        mean = sum_of_group(shared, total, lane, lanes, step) / divisor
        squares = x.dtype.type(0)
        for i in range(lane, own, lanes):
            distance = x[_at(uint32(i), channel, channels, places)] - mean
            squares += distance * distance
        variance = sum_of_group(shared, squares, lane, lanes, step) / divisor
        if channel < channels:
            if lane == uint32(0):
                mean_c[channel] = mean
                var_c[channel] = variance
            scale = affine[channel] / math.sqrt(variance + eps)
            bias = affine[uint32(channels + channel)]
            for i in range(lane, own, lanes):
                at = _at(uint32(i), channel, channels, places)
                out[at] = (x[at] - mean) * scale + bias


@kernel("out T1", "in T1", "in T1", "in T1", "in T1", "T", *("uint",) * 5)
def _batch_norm_affine_grad(grad, dy, x, mean_c, var_c, eps, channels, count, places, lanes, step):
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    for first in range(first_row(lanes), channels, grid_rows(lanes)):
        channel = min(uint32(first + group), uint32(channels - uint32(1)))
        total, product = _sums_of_channel(
            shared, dy, x, channel, mean_c[channel], channels, count, places, lane, lanes, step
        )
        if lane == uint32(0) and channel == uint32(first + group):
            grad[channel] = product / math.sqrt(var_c[channel] + eps)
            grad[uint32(channels + channel)] = total


@kernel("out T1", "in T1", "in T1", "in T1", "in T1", "in T1", "T", *("uint",) * 5)
def _batch_norm_input_grad(dx, dy, x, affine, mean_c, var_c, eps, channels, count, places, lanes, step):
    shared = cuda.shared.array(BLOCK, x.dtype)
    lane, group = lane_of(lanes, step), group_of(lanes, step)
    divisor = x.dtype.type(count)
    for first in range(first_row(lanes), channels, grid_rows(lanes)):
        channel = min(uint32(first + group), uint32(channels - uint32(1)))
        mean, variance = mean_c[channel], var_c[channel] + eps
        total, product = _sums_of_channel(shared, dy, x, channel, mean, channels, count, places, lane, lanes, step)
        if channel == uint32(first + group):
            dy_mean, slope = total / divisor, product / divisor / variance
            scale = affine[channel] / math.sqrt(variance)
            for i in range(lane, count, lanes):
                at = _at(uint32(i), channel, channels, places)
                dx[at] = (dy[at] - dy_mean - (x[at] - mean) * slope) * scale
