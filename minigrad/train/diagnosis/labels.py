"""Labels that a network disagrees with, and is sure of it."""

from __future__ import annotations

import numpy as np

import minigrad.nn.functional as F
from minigrad.data.arrays import Dataset
from minigrad.data.loader import DataLoader
from minigrad.nn.module import Module
from minigrad.ops.transfer import to_device
from minigrad.recording import no_grad
from minigrad.train.diagnosis.report import Verdict
from minigrad.train.scales import array_of, device_of

_SUSPECT = 0.01  # of the examples: a few are hard, and not wrong
_OF_ERRORS = 0.1  # of those where the network disagrees
_ERRS_OFTEN, _OF_MANY_ERRORS = 0.25, 0.16  # a network that errs often is sometimes sure
_JUDGE = 0.6  # of the examples that a network must get right before it may judge labels
_CHOICES = 3
_SHOWN = 10


def suspect_labels(model: Module, data: Dataset) -> Verdict | None:
    """More labels than a few are none that the network would choose, and it is sure of another class."""
    logs, labels = _log_probabilities(model, data)
    errors = int((logs.argmax(1) != labels).sum())
    found = suspects(logs, labels)
    limit = _OF_ERRORS if errors < _ERRS_OFTEN * len(labels) else _OF_MANY_ERRORS
    if errors > (1 - _JUDGE) * len(labels) or len(found) < max(_SUSPECT * len(labels), limit * errors, 1):
        return None
    worst = ", ".join(map(str, found[:_SHOWN]))
    return Verdict(
        "suspect labels",
        f"the network is sure of another class for {len(found):,} of {len(labels):,} examples, and its label is "
        f"none of the first {_CHOICES} that it would choose; most of all for {worst}",
        "look at these examples, and at how they were labelled",
        tuple(found.tolist()),
    )


def suspects(logs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices of the examples whose labels are suspect by log-probabilities (N, C), the most suspect first.

    The network's first choice must be as probable as it is, on average, where it is the label, and the label must not
    be among its first three choices: classes that are merely alike are neighbours there.

    References
    ----------
    .. [1] Northcutt, Jiang and Chuang, Confident learning, JAIR 2021, section 3.1: thresholds by the mean of a class.
    """
    rows, classes, best = np.arange(len(labels)), logs.shape[1], logs.argmax(1)
    of_label, of_best = logs[rows, labels], logs[rows, best]
    typical = np.array([np.exp(of_label[labels == k]).mean() if (labels == k).any() else 1.0 for k in range(classes)])
    rank = (logs > of_label[:, None]).sum(1)
    found = np.flatnonzero((np.exp(of_best) >= typical[best]) & (rank >= min(_CHOICES, classes / 2)))
    return found[np.argsort(of_label[found] - of_best[found], kind="stable")]


def _log_probabilities(model: Module, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    was_training, device = model.training, device_of(model)
    model.eval()
    try:
        with no_grad():
            pairs = [
                (array_of(F.log_softmax(model(to_device(inputs, device)), 1)), array_of(labels))
                for inputs, labels in DataLoader(data, 256)
            ]
    finally:
        model.train(was_training)
    logs, labels = zip(*pairs, strict=True)
    return np.concatenate(logs), np.concatenate(labels)
