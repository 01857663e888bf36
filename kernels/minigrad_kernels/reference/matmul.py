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
