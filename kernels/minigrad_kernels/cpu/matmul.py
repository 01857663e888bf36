"""out[b, m, n] = sum_k a[b, m, k] * b[b, k, n], for any strides of a and b: by rows where they lie so, else packed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad_kernels.cpu import team
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.elementwise import ARITHMETIC
from minigrad_kernels.cpu.matmul_dot import dot, dot_elements, is_dot
from minigrad_kernels.cpu.matmul_packed import packed, packed_elements
from minigrad_kernels.cpu.simd import aligned, aligned_bytes
from minigrad_kernels.cpu.tiles import raise_to


def _batch(x: NDArray[Any]) -> NDArray[Any]:
    """Return a matrix as a batch of one."""
    return x if x.ndim == 3 else x[None]


def matmul_scratch_bytes(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any]) -> int:
    """Return the bytes of scratch that matmul takes for these arrays."""
    out, a, b = _batch(out_bmn), _batch(a_bmk), _batch(b_bkn)
    return aligned_bytes(dot_elements(out, a) if is_dot(a, b) else packed_elements(out, a, b), out.itemsize)


def matmul(out_bmn: NDArray[Any], a_bmk: NDArray[Any], b_bkn: NDArray[Any], scratch: NDArray[np.uint8]) -> None:
    """Write the matrix products of two batches of matrices, or of two matrices.

    Parameters
    ----------
    out_bmn
        Contiguous, overwritten.
    a_bmk, b_bkn
        Any strides, zero and negative ones too.
    scratch
        At least `matmul_scratch_bytes` long.
    """
    out, a, b = _batch(out_bmn), _batch(a_bmk), _batch(b_bkn)
    multiply = dot if is_dot(a, b) else packed
    multiply(out, a, b, aligned(scratch, out.dtype))


def linear_scratch_bytes(
    out_no: NDArray[Any], x_nk: NDArray[Any], w_ok: NDArray[Any], bias_o: NDArray[Any], least: float
) -> int:
    """Return the bytes of scratch that linear takes for these arrays."""
    return matmul_scratch_bytes(out_no, x_nk, w_ok.T)


def linear(
    out_no: NDArray[Any], x_nk: NDArray[Any], w_ok: NDArray[Any], bias_o: NDArray[Any], least: float,
    scratch: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Write the products of the rows of x with the rows of w, plus a bias, or least if that is more.

    A bias of length zero is none.
    """
    matmul(out_no, x_nk, w_ok.T, scratch)
    if bias_o.size or least > -np.inf:
        team.run(_finish, len(out_no), out_no.size * ARITHMETIC, out_no, np.ascontiguousarray(bias_o), least)


@kernel("out T2", "in T1", "T")
def _finish(begin, end, worker, out_no, bias_o, least):
    for n in range(begin, end):
        row = out_no[n]
        for o in range(len(bias_o)):
            row[o] += bias_o[o]
        raise_to(least, row)
