"""The decorator of functions that kernels call, and what both are compiled with."""

from collections.abc import Callable, Collection
from typing import Any

from numba import njit

# Sums may be reordered and products fused into them, so that loops become vectors; NaN and infinities stay themselves.
FASTMATH = frozenset({"arcp", "contract", "nsz", "reassoc"})

# Without _nrt no references are counted, and what would allocate does not compile: np.empty, or a = b between slices.
OPTIONS = {"error_model": "numpy", "nogil": True, "_nrt": False}


def helper(function: Callable[..., Any], fastmath: Collection[str] = FASTMATH) -> Callable[..., Any]:
    """Compile a function that kernels call; it becomes a part of each of them."""
    options: dict[str, Any] = {"fastmath": set(fastmath), **OPTIONS}
    return njit(forceinline=True, **options)(function)
