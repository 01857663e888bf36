"""Maximum and average pooling: windows of planes.

    out[n, c, p, q] = maximum or mean of x[n, c, p stride_h - pad_h + i dilation_h, q stride_w - pad_w + j dilation_w]

over the places (i, j) of a window that lie in the plane. A thread is an element of the result: a window, or in
gradients an input, which gathers from the windows that cover it, in row-major order. So each element has one writer.
Places are counted modulo 2**32, where one before the first row is beyond the last.
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import kernel
from minigrad_kernels.cuda.language import device, first_index, grid_threads, int32, int64, math, uint32
from minigrad_kernels.cuda.launch import launch


def max_pool2d(
    out_nchw: DeviceArray, indices_nchw: DeviceArray, x_nchw: DeviceArray,
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Take the first maximum of each window, a NaN before all else, and its index h W + w in the plane.

    A window that covers no input gives -inf and -1.
    """
    scalars = (kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    arrays = _flat(out_nchw, indices_nchw, x_nchw)
    launch(_max_pool2d, out_nchw.size, *arrays, out_nchw.size, *x_nchw.shape[2:], *out_nchw.shape[2:], *scalars)


def max_pool2d_input_grad(
    dx_nchw: DeviceArray, dy_nohw: DeviceArray, indices_nohw: DeviceArray,
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Sum dy over the windows whose maximum came from an input; the saved indices say which these are."""
    spans = (dilation_h * (kernel_h - 1) + 1, dilation_w * (kernel_w - 1) + 1)
    scalars = (*spans, stride_h, stride_w, pad_h, pad_w)
    arrays = _flat(dx_nchw, dy_nohw, indices_nohw)
    launch(_max_pool2d_grad, dx_nchw.size, *arrays, dx_nchw.size, *dx_nchw.shape[2:], *dy_nohw.shape[2:], *scalars)


def max_pool2d_gather(out_nohw: DeviceArray, x_nchw: DeviceArray, indices_nohw: DeviceArray) -> None:
    """Read x at the saved index, 0 for the index -1: the adjoint of max_pool2d_input_grad."""
    planes = (math.prod(out_nohw.shape[2:]), math.prod(x_nchw.shape[2:]))
    launch(_max_pool2d_gather, out_nohw.size, *_flat(out_nohw, x_nchw, indices_nohw), out_nohw.size, *planes)


def avg_pool2d(
    out_nohw: DeviceArray, x_nchw: DeviceArray,
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    count_include_pad: bool,
) -> None:  # fmt: skip
    """Divide the sum of each window's inputs by its number of elements; 0 for a window that covers no input.

    The number counts inputs alone or, with count_include_pad, the padding too, but never what overhangs it.
    """
    scalars = (kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w)
    sizes = (out_nohw.size, *x_nchw.shape[2:], *out_nohw.shape[2:])
    counted = _counted_places(x_nchw, pad_h, pad_w, count_include_pad)
    launch(_avg_pool2d, out_nohw.size, *_flat(out_nohw, x_nchw), *sizes, *scalars, *counted)


def avg_pool2d_input_grad(
    dx_nchw: DeviceArray, dy_nohw: DeviceArray,
    kernel_h: int, kernel_w: int, stride_h: int, stride_w: int, pad_h: int, pad_w: int,
    count_include_pad: bool,
) -> None:  # fmt: skip
    """Sum dy / number of elements over the windows that cover an input."""
    scalars = (kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w)
    sizes = (dx_nchw.size, *dx_nchw.shape[2:], *dy_nohw.shape[2:])
    counted = _counted_places(dx_nchw, pad_h, pad_w, count_include_pad)
    launch(_avg_pool2d_grad, dx_nchw.size, *_flat(dx_nchw, dy_nohw), *sizes, *scalars, *counted)


def _counted_places(x_nchw: DeviceArray, pad_h: int, pad_w: int, count_include_pad: bool) -> tuple[int, int, int, int]:
    """Return the first of the places of either padded axis that count in a mean, and the end of them."""
    height, width = x_nchw.shape[2:]
    if count_include_pad:
        return 0, height + 2 * pad_h, 0, width + 2 * pad_w
    return pad_h, height + pad_h, pad_w, width + pad_w


def _flat(*arrays: DeviceArray) -> list[DeviceArray]:
    return [array.reshape(-1) for array in arrays]


@device
def _first_window(place, span, stride, padding):
    """Return the first window along an axis whose span reaches a place."""
    end = uint32(place + padding + uint32(1))
    return uint32((end - span + stride - uint32(1)) // stride) if end > span else uint32(0)


@device
def _windows_end(place, stride, padding, windows):
    """Return the number after the last window along an axis that starts at a place or before."""
    return min(uint32((place + padding) // stride + uint32(1)), windows)


@device
def _inside(place, padding, size):
    """Return a place of the padded axis as one of the axis itself, cut to its ends."""
    return min(uint32(place - padding), size) if place > padding else uint32(0)


@device
def _counted(window, kernel_size, stride, first, end):
    """Return by how many places of a window along one padded axis a mean is divided: those from first to end, or 1."""
    start = uint32(window * stride)
    begin, stop = max(start, first), min(uint32(start + kernel_size), end)
    return uint32(stop - begin) if stop > begin else uint32(1)


@kernel("out T1", "out int64_1", "in T1", *("uint",) * 13)
def _max_pool2d(
    out, indices, x, size, height, width, out_h, out_w,
    kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w,
):  # fmt: skip
    for i in range(first_index(), size, grid_threads()):
        row = uint32(i // out_w)
        top = uint32(uint32(row % out_h) * stride_h - pad_h)
        left = uint32(uint32(i % out_w) * stride_w - pad_w)
        plane = uint32(uint32(row // out_h) * height * width)
        largest, found = x.dtype.type(-math.inf), int32(-1)
        for down in range(kernel_h):
            h = uint32(top + down * dilation_h)
            if h < height:
                for right in range(kernel_w):
                    w = uint32(left + right * dilation_w)
                    if w < width:
                        index = uint32(h * width + w)
                        value = x[uint32(plane + index)]
                        # Once a NaN was found, nothing is larger, and no other NaN takes its place.
                        if found < 0 or value > largest or (value != value and largest == largest):
                            largest, found = value, int32(index)
        out[i] = largest
        indices[i] = int64(found)


@kernel("out T1", "in T1", "in int64_1", *("uint",) * 11)
def _max_pool2d_grad(
    dx, dy, indices, size, height, width, out_h, out_w, span_h, span_w, stride_h, stride_w, pad_h, pad_w
):
    for i in range(first_index(), size, grid_threads()):
        row = uint32(i // width)
        h, w = uint32(row % height), uint32(i % width)
        plane = uint32(uint32(row // height) * out_h)
        index = int64(h * width + w)
        q_first, q_end = _first_window(w, span_w, stride_w, pad_w), _windows_end(w, stride_w, pad_w, out_w)
        total = dx.dtype.type(0)
        for p in range(_first_window(h, span_h, stride_h, pad_h), _windows_end(h, stride_h, pad_h, out_h)):
            for q in range(q_first, q_end):
                window = uint32((plane + p) * out_w + q)
                if indices[window] == index:
                    total += dy[window]
        dx[i] = total


@kernel("out T1", "in T1", "in int64_1", "uint", "uint", "uint")
def _max_pool2d_gather(out, x, indices, size, windows, places):
    for i in range(first_index(), size, grid_threads()):
        index = indices[i]
        out[i] = x[uint32(uint32(i // windows) * places + uint32(index))] if index >= 0 else x.dtype.type(0)


@kernel("out T1", "in T1", *("uint",) * 15)
def _avg_pool2d(
    out, x, size, height, width, out_h, out_w,
    kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, first_h, end_h, first_w, end_w,
):  # fmt: skip
    for i in range(first_index(), size, grid_threads()):
        row = uint32(i // out_w)
        p, q = uint32(row % out_h), uint32(i % out_w)
        plane = uint32(uint32(row // out_h) * height)
        top, left = uint32(p * stride_h), uint32(q * stride_w)
        w_first, w_end = _inside(left, pad_w, width), _inside(uint32(left + kernel_w), pad_w, width)
        total = x.dtype.type(0)
        for h in range(_inside(top, pad_h, height), _inside(uint32(top + kernel_h), pad_h, height)):
            for w in range(w_first, w_end):
                total += x[uint32((plane + h) * width + w)]
        rows = _counted(p, kernel_h, stride_h, first_h, end_h)
        columns = _counted(q, kernel_w, stride_w, first_w, end_w)
        out[i] = total / x.dtype.type(uint32(rows * columns))


@kernel("out T1", "in T1", *("uint",) * 15)
def _avg_pool2d_grad(
    dx, dy, size, height, width, out_h, out_w,
    kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, first_h, end_h, first_w, end_w,
):  # fmt: skip
    for i in range(first_index(), size, grid_threads()):
        row = uint32(i // width)
        h, w = uint32(row % height), uint32(i % width)
        plane = uint32(uint32(row // height) * out_h)
        q_first, q_end = _first_window(w, kernel_w, stride_w, pad_w), _windows_end(w, stride_w, pad_w, out_w)
        total = dx.dtype.type(0)
        for p in range(_first_window(h, kernel_h, stride_h, pad_h), _windows_end(h, stride_h, pad_h, out_h)):
            rows = _counted(p, kernel_h, stride_h, first_h, end_h)
            for q in range(q_first, q_end):
                columns = _counted(q, kernel_w, stride_w, first_w, end_w)
                total += dy[uint32((plane + p) * out_w + q)] / dx.dtype.type(uint32(rows * columns))
        dx[i] = total
