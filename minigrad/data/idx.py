"""The idx format of MNIST: a magic number, the sizes of the axes, then the bytes.

All numbers are big-endian. The magic number is 256 times the type, 8 for unsigned bytes, plus the number of axes.
"""

from __future__ import annotations

import math
import struct
from typing import IO

import numpy as np

from minigrad.data.reading import read_exactly, require_end
from minigrad.errors import DataError


def read_idx(stream: IO[bytes], item_shape: tuple[int, ...], most: int) -> np.ndarray:
    """Read 1 to `most` items of bytes.

    Parameters
    ----------
    stream : file
        At its beginning, unpacked.
    item_shape : tuple of int
        The shape that every item must have; () for labels.
    most : int
        No more items than these are taken, and no more memory.

    Returns
    -------
    numpy.ndarray
        uint8 (N, *item_shape).

    Raises
    ------
    DataError
        For a wrong magic number, shape or count, for too few bytes and for too many.
    """
    axes = 1 + len(item_shape)
    magic, count, *shape = struct.unpack(f">{1 + axes}I", read_exactly(stream, 4 * (1 + axes)))
    if magic != 0x0800 + axes:
        raise DataError(f"the magic number must be {0x0800 + axes} for unsigned bytes of {axes} axes, got {magic}")
    if tuple(shape) != item_shape:
        raise DataError(f"every item must have the shape {list(item_shape)}, got {shape}")
    if not 1 <= count <= most:
        raise DataError(f"there must be 1 to {most:,} items, got {count:,}")
    data = read_exactly(stream, count * math.prod(item_shape))
    require_end(stream)
    return np.frombuffer(data, np.uint8).reshape(count, *item_shape)
