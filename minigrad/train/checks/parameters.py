"""Checks of what training does to each parameter."""

from __future__ import annotations

import math

import numpy as np

from minigrad.tensor import Tensor
from minigrad.train.checks.report import Finding
from minigrad.train.checks.subject import Subject
from minigrad.train.scales import array_of, gradients
from minigrad.train.scales_words import listed

_STEPS = 10  # for momentum, and for running means of gradients, to get going
# Five networks were trained on the digits by SGD at eight rates each: those learned whose ratio was from 9e-5 to 9e-2,
# and one at 1.4e-1, with batch normalisation, where the length of the weights matters little.
_LOW, _HIGH = 5e-5, 1e-1


def every_gradient(subject: Subject) -> Finding:
    """Every parameter that is not frozen has a gradient, finite and not all zero, and is in the optimiser."""
    model, optimizer = subject.copies()
    inputs, labels = subject.batch()
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    found = gradients(subject.loss(model(inputs), labels), [*named.values()])
    troubles = {name: _trouble(grad) for name, grad in zip(named, found, strict=True)}
    if optimizer is not None:
        known = {id(p) for group in optimizer.param_groups for p in group["params"]}
        troubles |= {name: "not in the optimiser" for name, p in named.items() if id(p) not in known}
    kinds = sorted({trouble for trouble in troubles.values() if trouble})
    told = [f"{kind}: {listed([name for name in troubles if troubles[name] == kind])}" for kind in kinds]
    return Finding(
        "gradients",
        "one that is finite and not zero for every parameter",
        ", ".join(told) or (f"that for all {len(named)}" if named else "no parameter that is not frozen"),
        bool(named) and not kinds,
        "none: use it in forward; zero: look for layers of zero weights and dead units behind it; not in the "
        "optimiser: give it model.parameters()",
    )


def update_ratio(subject: Subject) -> Finding:
    """An update is about a thousandth of the weights, by their lengths; the median over layers, after some steps."""
    _, optimizer = subject.copies()
    ratio = math.nan if optimizer is None else _ratio(subject)
    rate = "raise" if ratio < _LOW else "lower"
    return Finding(
        "update ratio",
        f"updates near 1e-3 of the weights, from {_LOW:g} to {_HIGH:g}",
        "no optimiser to look at" if optimizer is None else f"{ratio:.1e}",
        None if optimizer is None else _LOW <= ratio <= _HIGH,
        "most weights stand still: see the gradients" if ratio == 0 else f"{rate} the learning rate",
    )


def _ratio(subject: Subject) -> float:
    """The largest of the steps: a rate that is too high may soon leave a network dead, which then stands still."""
    model, optimizer = subject.copies()
    weights = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
    ratios = []
    for number in range(_STEPS):
        inputs, labels = subject.batch(number)
        loss = subject.loss(model(inputs), labels)
        if optimizer is None or not weights or not loss.requires_grad:
            return 0.0
        before = [array_of(weight).copy() for weight in weights]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        ratios.append(np.median([_change(weight, old) for weight, old in zip(weights, before, strict=True)]))
    return float(np.max(ratios))


@np.errstate(all="ignore")
def _change(weight: Tensor, old: np.ndarray) -> float:
    return float(np.linalg.norm((array_of(weight) - old).ravel()) / np.linalg.norm(old.ravel()))


def _trouble(grad: Tensor | None) -> str:
    if grad is None:
        return "none"
    values = array_of(grad)
    return "not finite" if not np.isfinite(values).all() else "" if values.any() else "zero"
