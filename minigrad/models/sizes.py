"""Sizes of layers and volumes, for networks that take images and widths of any size."""

from __future__ import annotations

from minigrad.errors import DataError, ShapeError

Shape = tuple[int, int, int]


def scaled(units: int, width: float) -> int:
    """`units` channels or neurons times `width`, to the nearest multiple of 4, at least 4; as they are for width 1."""
    if not 0 < width <= 16:
        raise DataError(f"model: width multiplies the channels and must be in (0, 16], got {width!r}")
    return units if width == 1 else max(4, 4 * round(units * width / 4))


def require_size(network: str, in_shape: Shape, smallest: int) -> None:
    """Raise ShapeError if an image is too small for anything to be left of it at the end."""
    _, *sides = in_shape
    if min(sides) < smallest:
        raise ShapeError(
            f"{network}: nothing is left of an image {in_shape}; it needs at least {smallest}x{smallest} pixels"
        )
