"""Batched matrix product."""

import numpy as np


@np.errstate(all="ignore")
def matmul(out_bmn: np.ndarray, a_bmk: np.ndarray, b_bkn: np.ndarray, scratch: np.ndarray) -> None:
    """`out[b, m, n] = sum over k of a[b, m, k] b[b, k, n]`; 0 where there is no k; without b for matrices alone."""
    for *b, m, n in np.ndindex(out_bmn.shape):
        total = np.float64(0)
        for k in range(a_bmk.shape[-1]):
            total += np.float64(a_bmk[*b, m, k]) * np.float64(b_bkn[*b, k, n])
        out_bmn[*b, m, n] = total


def matmul_scratch_bytes(out_bmn: np.ndarray, a_bmk: np.ndarray, b_bkn: np.ndarray) -> int:
    """No working memory is needed."""
    return 0


@np.errstate(all="ignore")
def linear(
    out_no: np.ndarray, x_nk: np.ndarray, w_ok: np.ndarray, bias_o: np.ndarray, least: float, scratch: np.ndarray
) -> None:
    """`out[n, o] = bias[o] + sum over k of x[n, k] w[o, k]`, or least if that is more; an empty bias is none."""
    for n, o in np.ndindex(out_no.shape):
        total = np.float64(bias_o[o]) if bias_o.size else np.float64(0)
        for k in range(x_nk.shape[1]):
            total += np.float64(x_nk[n, k]) * np.float64(w_ok[o, k])
        out_no[n, o] = least if total <= least else total


def linear_scratch_bytes(
    out_no: np.ndarray, x_nk: np.ndarray, w_ok: np.ndarray, bias_o: np.ndarray, least: float
) -> int:
    """No working memory is needed."""
    return 0
