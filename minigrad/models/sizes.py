"""Sizes of layers and volumes, for networks that take images and widths of any size, and their checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.checks import as_int, as_number, require_flags, shown
from minigrad.errors import DataError, ShapeError

Shape = tuple[int, int, int]


def scaled(units: int, width: float) -> int:
    """`units` channels or neurons times `width`, to the nearest multiple of 4, at least 4; as they are for width 1."""
    return units if width == 1 else max(4, 4 * round(units * width / 4))


def require_settings(
    network: str,
    in_shape: Any,
    classes: Any,
    smallest: int = 1,
    width: Any = 1.0,
    dropout: Any = None,
    **flags: Any,
) -> None:
    """Raise an error of ours unless the settings are what they should be, and something is left of an image."""
    is_row = isinstance(in_shape, tuple | list | range) or (isinstance(in_shape, np.ndarray) and in_shape.ndim == 1)
    if not is_row or len(in_shape) != 3:
        raise ShapeError(f"{network}: in_shape must be (channels, height, width), got {shown(in_shape)}")
    for length in in_shape:
        as_int(network, "a length of in_shape", length, 1)
    if min(in_shape[1:]) < smallest:
        raise ShapeError(
            f"{network}: nothing is left of an image {in_shape}; it needs at least {smallest}x{smallest} pixels"
        )
    as_int(network, "classes", classes, 1)
    if not 0 < as_number(network, "width", width) <= 16:
        raise DataError(f"{network}: width multiplies the channels and must be in (0, 16], got {width!r}")
    if dropout is not None:
        as_number(network, "dropout", dropout, 0, 1)
    require_flags(network, **flags)
