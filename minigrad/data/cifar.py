"""The binary format of CIFAR: records of one or two label bytes, then 32x32 red, green and blue values."""

from __future__ import annotations

import numpy as np

from minigrad.errors import DataError

SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32


def parse_records(data: bytes, labels: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Take a batch apart.

    Parameters
    ----------
    data : bytes
        The records, one after another.
    labels : int
        Labels in a record: 1 for CIFAR-10; 2, coarse and fine, for CIFAR-100.
    most : int
        How many records there may be.

    Returns
    -------
    images : numpy.ndarray
        uint8 (N, 3, 32, 32), a view of `data`.
    targets : numpy.ndarray
        uint8 (N, labels).

    Raises
    ------
    DataError
        If there are not 1 to `most` whole records.
    """
    record = labels + PIXELS
    if len(data) % record or not 1 <= len(data) // record <= most:
        raise DataError(f"there must be 1 to {most:,} records of {record:,} bytes, got {len(data):,} bytes")
    records = np.frombuffer(data, np.uint8).reshape(-1, record)
    return records[:, labels:].reshape(-1, *SHAPE), records[:, :labels]
