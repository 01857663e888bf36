"""Augmentation of a batch of images: random words, crops with reflection, and colour."""

import math

import numpy as np

from minigrad_kernels.philox import philox_block

AUGMENTATION_STREAM = 3
LOW_32 = 0xFFFFFFFF


def random_words(out_n4: np.ndarray, index_n: np.ndarray, seed: int, epoch: int, position: int) -> None:
    """Four words for each image: they depend on nothing but the arguments, index and epoch below 2**32."""
    for n, index in enumerate(index_n.tolist()):
        out_n4[n] = philox_block(index, epoch, AUGMENTATION_STREAM, seed & LOW_32, seed >> 32, position)


def crop(out_nchw: np.ndarray, x_nchw: np.ndarray, corner_n2: np.ndarray, reflected_n: np.ndarray) -> None:
    """`out[n, c, i, j] = x[n, c, top + i, left + j]`, 0 outside of x; where reflected, row by row from the right."""
    height, width = x_nchw.shape[2:]
    for n, c, i, j in np.ndindex(out_nchw.shape):
        top, left = corner_n2[n].tolist()
        y, x = top + i, left + (out_nchw.shape[3] - 1 - j if reflected_n[n] else j)
        out_nchw[n, c, i, j] = x_nchw[n, c, y, x] if 0 <= y < height and 0 <= x < width else 0


@np.errstate(all="ignore")
def color_jitter(out_nchw: np.ndarray, x_nchw: np.ndarray, word_n4: np.ndarray, axis_kc: np.ndarray) -> None:
    """`out[n, c] = x[n, c] + sum of z[n, k] axis[k, c]`: z of k < 4 are the normals of words 0, 1 and 2, 3."""
    for n, c in np.ndindex(out_nchw.shape[:2]):
        words = word_n4[n].tolist()
        shift = 0.0
        for k in range(len(axis_kc)):
            u1, u2 = ((words[k // 2 * 2] + 1) * 2.0**-32, words[k // 2 * 2 + 1] * 2.0**-32)
            half = math.sin if k % 2 else math.cos
            shift += math.sqrt(-2 * math.log(u1)) * half(2 * math.pi * u2) * float(axis_kc[k, c])
        out_nchw[n, c] = x_nchw[n, c] + out_nchw.dtype.type(shift)
