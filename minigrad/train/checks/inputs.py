"""Checks of the data alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from minigrad.data.arrays import Dataset
from minigrad.train.checks.report import Finding
from minigrad.train.checks.subject import Subject

_SAMPLE = 1_024  # examples: what is read at once, too
_CENTRED = 0.25  # deviations


@np.errstate(all="ignore")
def centred(subject: Subject) -> Finding:
    """The mean of each channel, or of each feature, is near zero by the measure of its deviation."""
    inputs, _ = subject.examples(_SAMPLE)
    others = tuple(axis for axis in range(inputs.ndim) if axis != 1)
    means, deviations = inputs.mean(others, dtype=np.float64), inputs.std(others, dtype=np.float64)
    distance = float(np.sqrt(np.mean(means**2) / np.mean(deviations**2)))
    return Finding(
        "centred inputs",
        f"means of channels or features within {_CENTRED} deviations of 0",
        f"{distance:.2g}",
        distance <= _CENTRED,
        "subtract the mean of the training inputs; if it is nan, they are all equal or not finite",
    )


def disjoint(subject: Subject) -> Finding:
    """No example of the validation set is in the training set, byte for byte."""
    shared, total = 0, 0
    if subject.validation is not None:
        known = set(_hashes(subject.data))
        found = [digest in known for digest in _hashes(subject.validation)]
        shared, total = sum(found), len(found)
    return Finding(
        "separate validation",
        "no validation example among those to train",
        f"{shared:,} of {total:,}" if total else "no validation set to look at",
        not shared if total else None,
        "split again: an accuracy on examples that were trained on says nothing",
    )


def _hashes(data: Dataset) -> Iterator[bytes]:
    for begin in range(0, len(data), _SAMPLE):
        inputs = data[np.arange(begin, min(begin + _SAMPLE, len(data)))][0]
        yield from (hashlib.blake2b(item.tobytes(), digest_size=16).digest() for item in inputs)
