"""The check that units live."""

from __future__ import annotations

from minigrad.train.checks.report import Finding
from minigrad.train.checks.subject import Subject
from minigrad.train.scales import look
from minigrad.train.scales_words import DEAD


def dead_units(subject: Subject) -> Finding:
    """Few outputs of a ReLU are zero for every example of a batch."""
    inputs, _ = subject.batch()
    layers = [layer for layer in look(subject.model, inputs).layers if layer.is_relu]
    worst = max(layers, key=lambda layer: layer.dead / layer.units, default=None)
    return Finding(
        "dead units",
        f"at most {DEAD:.0%} of any layer's ReLUs zero for all of {len(inputs)} examples",
        "no ReLU to look at" if worst is None else f"{worst.dead} of {worst.units}, most in {worst.name}",
        None if worst is None else worst.dead <= DEAD * worst.units,
        "look at the biases, which should start at 0, and the scale of the weights; mg.train.look shows every layer",
    )
