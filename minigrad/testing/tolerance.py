"""How far a computed result may lie from another: bounds in units of the dtype's rounding error."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from minigrad.testing.opspec import OpSpec, Sample

__tracebackhide__ = True  # pytest shows the lines of those who call

Tolerance = Callable[["OpSpec", "Sample", Any], Any]
"""`tolerance(spec, sample, expected)`: the largest distance allowed, for each element or for all."""


def exact(spec: OpSpec, sample: Sample, expected: Any) -> Any:
    """Equal: copies, comparisons, selections."""
    return 0.0


def rounded(spec: OpSpec, sample: Sample, expected: Any) -> Any:
    """4 eps |result|: a single operation."""
    return 4 * _epsilon(expected) * np.abs(expected)


def summed(terms: Callable[[Sample], int]) -> Tolerance:
    """4 K eps (|x| . |w|), K the length of the sum: the op on absolute values says how much was summed."""

    def bound(spec: OpSpec, sample: Sample, expected: Any) -> Any:
        # Only floats: an index of -1 has a meaning.
        inputs = tuple(np.abs(array) if array.dtype.kind == "f" else array for array in sample.inputs)
        magnitudes = type(sample)(inputs, sample.options)
        (total,) = spec.run(magnitudes, "reference")
        return 4 * terms(sample) * _epsilon(expected) * np.abs(total.numpy())

    return bound


def absolute(size: float) -> Tolerance:
    """4 eps (size + |result|): a composition whose intermediate results are at most `size`."""

    def bound(spec: OpSpec, sample: Sample, expected: Any) -> Any:
        return 4 * _epsilon(expected) * (size + np.abs(expected.astype(np.float64)))

    return bound


def assert_within(got: Any, expected: Any, bound: Any) -> None:
    """Same shape and dtype; every element equal, both NaN, or within the bound."""
    if (got.shape, got.dtype) != (expected.shape, expected.dtype):
        raise AssertionError(f"{got.dtype}{list(got.shape)}, not {expected.dtype}{list(expected.shape)}")
    with np.errstate(invalid="ignore"):
        close = (got == expected) | ((got != got) & (expected != expected))
        if got.dtype.kind == "f":
            close |= np.abs(got - expected) <= bound
    if not close.all():
        worst = tuple(int(i) for i in np.argwhere(~close)[0])
        raise AssertionError(
            f"{(~close).sum()} of {close.size} differ; at {worst}: {got[worst]!r}, not {expected[worst]!r}"
        )


def _epsilon(array: Any) -> float:
    return float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0
