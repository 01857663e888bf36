"""Splits that are seeded, stratified, disjoint and complete."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

import numpy as np

from minigrad.checks import as_flag, as_list, shown
from minigrad.data.arrays import Dataset, Subset
from minigrad.data.given import require_dataset
from minigrad.data.integers import require_seed
from minigrad.data.shuffle import SPLITTING, permutation
from minigrad.errors import DataError


def split(dataset: Dataset, sizes: Sequence[float], *, seed: int, stratify: bool = True) -> tuple[Subset, ...]:
    """Split `dataset` at random into disjoint parts that together are the whole.

    Parameters
    ----------
    dataset : Dataset
        Of N examples; its `targets` are the labels, integers (N,), if the split is stratified.
    sizes : sequence of float, or sequence of int
        The parts as fractions that add up to 1, or as numbers of examples that add up to N.
    seed : int
        Equal seeds give equal splits.
    stratify : bool
        Give every part every class in proportion, to within rounding.

    Returns
    -------
    tuple of Subset
        One for each size, its examples in the order of `dataset`: views, nothing is copied or read.

    Raises
    ------
    DataError
        For sizes that do not add up, for an empty part, and for a stratified part that would lack a class.
    """
    as_flag("split", "stratify", stratify)
    counts = _counts(as_list("split", "sizes", sizes, "numbers"), len(require_dataset("split", "dataset", dataset)))
    order = permutation(len(dataset), seed=require_seed("split: seed", seed), stream=SPLITTING)
    if stratify:
        order = _interleave(order, _labels(dataset))
    parts = np.split(order, np.cumsum(counts)[:-1])
    if stratify:
        _require_every_class(_labels(dataset), parts)
    return tuple(Subset(dataset, np.sort(part)) for part in parts)


def _counts(sizes: Sequence[float], length: int) -> list[int]:
    whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in sizes)
    fractions = all(isinstance(size, Real) and not isinstance(size, Integral) for size in sizes)
    if not sizes or not (whole or fractions):
        raise DataError(f"split: sizes must be all fractions or all whole numbers, got {shown(sizes)}")
    sizes = [int(size) if whole else float(size) for size in sizes]
    total = length if whole else 1
    if not abs(sum(sizes) - total) < 1e-6:
        raise DataError(f"split: sizes must add up to {total}, got {sizes}, which add up to {sum(sizes)}")
    edges = np.cumsum([0, *sizes]) * (1 if whole else length)
    counts: list[int] = np.diff(np.rint(edges)).astype(int).tolist()
    if min(counts) < 1:
        raise DataError(f"split: every part needs an example, got {sizes}, which makes {counts} of {length}")
    return counts


def _labels(dataset: Dataset) -> np.ndarray:
    labels = getattr(dataset, "targets", None)
    if not isinstance(labels, np.ndarray) or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"split: stratify needs a data set whose targets are integer labels (N,), got {dataset!r}; "
            "or pass stratify=False"
        )
    return labels


def _interleave(order: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Reorder so that any run of consecutive indices holds every class in proportion, to within rounding."""
    place = np.empty(len(order))
    for label in np.unique(labels):
        members = order[labels[order] == label]
        place[members] = (np.arange(len(members)) + 0.5) / len(members)  # spread evenly over (0, 1)
    return order[np.argsort(place[order], kind="stable")]


def _require_every_class(labels: np.ndarray, parts: Sequence[np.ndarray]) -> None:
    for number, part in enumerate(parts):
        missing = np.setdiff1d(labels, labels[part])
        if missing.size:
            raise DataError(
                f"split: part {number} of {len(part)} examples would hold none of the classes {missing.tolist()}; "
                "make it larger, or pass stratify=False"
            )
