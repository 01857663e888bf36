"""Local response normalisation over neighbouring channels, and its gradient.

    s[n, c, p] = k + alpha / size * sum of x[n, j, p]**2 for c - size // 2 <= j <= c + (size - 1) // 2
    local_response_norm              out = x s**-beta
    local_response_norm_input_grad   dx[j] = dy[j] s[j]**-beta - 2 alpha beta / size x[j] * sum of t[c] for the c that
                                     have j in their window,  t = dy x s**(-beta - 1)

p counts the places of a plane. A thread is an element, and its neighbours are the next places, so that each channel of
the window is read in one piece. The gradient has two launches: the first writes t to scratch and dy s**-beta to dx, the
second gathers t over the windows; in both an element has one writer.
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import kernel
from minigrad_kernels.cuda.language import device, first_index, grid_threads, math, uint32
from minigrad_kernels.cuda.launch import launch


def local_response_norm(
    out_nchw: DeviceArray, x_nchw: DeviceArray, size: int, alpha: float, beta: float, k: float
) -> None:
    """Divide x by the power beta of k + alpha / size times the sum of squares over a window of channels."""
    arrays = (out_nchw.reshape(-1), x_nchw.reshape(-1))
    launch(_normalise, x_nchw.size, *arrays, *_sizes(x_nchw), size // 2, (size - 1) // 2, alpha / size, beta, k)


def local_response_norm_input_grad_scratch_bytes(
    dx_nchw: DeviceArray, dy_nchw: DeviceArray, x_nchw: DeviceArray, size: int, alpha: float, beta: float, k: float
) -> int:
    """Return the bytes of as many elements as x has."""
    return x_nchw.nbytes


def local_response_norm_input_grad(
    dx_nchw: DeviceArray, dy_nchw: DeviceArray, x_nchw: DeviceArray, size: int, alpha: float, beta: float, k: float,
    scratch: DeviceArray,
) -> None:  # fmt: skip
    """Write dy over the power, less what an input weighs in the scales of its neighbours."""
    dx, dy, x = dx_nchw.reshape(-1), dy_nchw.reshape(-1), x_nchw.reshape(-1)
    terms = DeviceArray(scratch.memory, x.shape, x.dtype, None, scratch.offset)
    before, after, factor = size // 2, (size - 1) // 2, alpha / size
    launch(_divide_and_weigh, x.size, dx, terms, dy, x, *_sizes(x_nchw), before, after, factor, beta, k)
    launch(_subtract_neighbours, x.size, dx, terms, x, *_sizes(x_nchw), after, before, 2 * factor * beta)


def _sizes(x_nchw: DeviceArray) -> tuple[int, int, int]:
    """Return the elements, the channels, and the places of a plane."""
    return x_nchw.size, x_nchw.shape[1], math.prod(x_nchw.shape[2:])


@device
def _window(i, channels, places, before, after):
    """Return where the window of an element begins and ends, in its own place of each channel."""
    channel = uint32(uint32(i // places) % channels)
    first = uint32(channel - before) if channel > before else uint32(0)
    end = min(uint32(channel + after + uint32(1)), channels)
    own = uint32(i - channel * places)
    return uint32(own + first * places), uint32(own + end * places)


@device
def _scale(x, i, channels, places, before, after, factor, k):
    """Return k + factor times the sum of squares over the window of an element."""
    begin, end = _window(i, channels, places, before, after)
    total = x.dtype.type(0)
    for at in range(begin, end, places):
        total += x[at] * x[at]
    return k + factor * total


@kernel("out T1", "in T1", *("uint",) * 5, "T", "T", "T")
def _normalise(out, x, size, channels, places, before, after, factor, beta, k):
    for i in range(first_index(), size, grid_threads()):
        out[i] = x[i] / _scale(x, uint32(i), channels, places, before, after, factor, k) ** beta


@kernel("out T1", "out T1", "in T1", "in T1", *("uint",) * 5, "T", "T", "T")
def _divide_and_weigh(dx, terms, dy, x, size, channels, places, before, after, factor, beta, k):
    for i in range(first_index(), size, grid_threads()):
        scale = _scale(x, uint32(i), channels, places, before, after, factor, k)
        divided = dy[i] / scale**beta
        dx[i] = divided
        terms[i] = divided * x[i] / scale


@kernel("out T1", "in T1", "in T1", *("uint",) * 5, "T")
def _subtract_neighbours(dx, terms, x, size, channels, places, before, after, slope):
    for i in range(first_index(), size, grid_threads()):
        begin, end = _window(uint32(i), channels, places, before, after)
        total = x.dtype.type(0)
        for at in range(begin, end, places):
            total += terms[at]
        dx[i] -= slope * x[i] * total
