"""The windows of images side by side, and their sum back into images: each is the other's adjoint.

    unfold   out[n, c, i, j, p, q] = x[n, c, p stride_h - pad_h + i dilation_h, q stride_w - pad_w + j dilation_w]
    fold     out[n, c, h, w] = sum of x[n, c, i, j, p, q] over the taps (i, j), in row-major order, that fall on (h, w)

A thread is an element of the result, so that each has one writer.
"""

from minigrad_kernels.cuda.array import DeviceArray
from minigrad_kernels.cuda.compiler import kernel
from minigrad_kernels.cuda.language import first_index, grid_threads, uint32
from minigrad_kernels.cuda.launch import launch


def unfold(
    out_nckkpq: DeviceArray, x_nchw: DeviceArray,
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Copy to each tap of each window the input that it falls on, 0 where that is padding."""
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    sizes = (out_nckkpq.size, *x_nchw.shape[2:], *out_nckkpq.shape[2:])
    launch(_unfold, out_nckkpq.size, out_nckkpq.reshape(-1), x_nchw.reshape(-1), *sizes, *geometry)


def fold(
    out_nchw: DeviceArray, x_nckkpq: DeviceArray,
    stride_h: int, stride_w: int, pad_h: int, pad_w: int, dilation_h: int, dilation_w: int,
) -> None:  # fmt: skip
    """Sum over the taps that fall on a place; those that fall on padding are lost."""
    geometry = (stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w)
    sizes = (out_nchw.size, *out_nchw.shape[2:], *x_nckkpq.shape[2:])
    launch(_fold, out_nchw.size, out_nchw.reshape(-1), x_nckkpq.reshape(-1), *sizes, *geometry)


@kernel("out T1", "in T1", *("uint",) * 13)
def _unfold(
    out, x, size, height, width, kernel_h, kernel_w, out_h, out_w,
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w,
):  # fmt: skip
    for i in range(first_index(), size, grid_threads()):
        q, rest = uint32(i % out_w), uint32(i // out_w)
        p, tap = uint32(rest % out_h), uint32(rest // out_h)
        right, rest = uint32(tap % kernel_w), uint32(tap // kernel_w)
        down, plane = uint32(rest % kernel_h), uint32(rest // kernel_h)
        h = uint32(p * stride_h + down * dilation_h - pad_h)  # modulo 2**32: before the first row is beyond the last
        w = uint32(q * stride_w + right * dilation_w - pad_w)
        inside = h < height and w < width
        out[i] = x[uint32((plane * height + h) * width + w)] if inside else x.dtype.type(0)


@kernel("out T1", "in T1", *("uint",) * 13)
def _fold(
    out, x, size, height, width, kernel_h, kernel_w, out_h, out_w,
    stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w,
):  # fmt: skip
    for i in range(first_index(), size, grid_threads()):
        row = uint32(i // width)
        h, w = uint32(uint32(row % height) + pad_h), uint32(uint32(i % width) + pad_w)
        taps = uint32(uint32(row // height) * kernel_h * kernel_w)
        total = x.dtype.type(0)
        for down in range(kernel_h):
            top = uint32(h - down * dilation_h)
            p = uint32(top // stride_h)
            if top <= h and uint32(p * stride_h) == top and p < out_h:
                for right in range(kernel_w):
                    left = uint32(w - right * dilation_w)
                    q = uint32(left // stride_w)
                    if left <= w and uint32(q * stride_w) == left and q < out_w:
                        tap = uint32(taps + down * kernel_w + right)
                        total += x[uint32((tap * out_h + p) * out_w + q)]
        out[i] = total
