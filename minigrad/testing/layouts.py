"""Memory layouts: the same elements, lying elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

LAYOUTS = ("contiguous", "read-only", "Fortran", "transposed", "sliced", "negative stride")


def relaid(array: Any, layout: str) -> Any:
    """The same elements in other memory, one of LAYOUTS; "transposed" has the first axis innermost."""
    backwards = (*(slice(None, None, -1),) * array.ndim, ...)
    match layout:
        case "Fortran":
            return array.copy(order="F")
        case "transposed":
            inner = np.moveaxis(array, 0, -1) if array.ndim else array
            return np.moveaxis(inner.copy(order="C"), -1, 0) if array.ndim else array.copy()
        case "negative stride":
            return array[backwards].copy(order="C")[backwards]
        case "sliced":
            return np.repeat(array[..., None], 2, axis=-1)[..., 0]
        case "read-only":
            copy = array.copy(order="C")
            copy.flags.writeable = False
            return copy
    return array.copy(order="C")
