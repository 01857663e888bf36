"""The check that a network can learn a few examples by heart."""

from __future__ import annotations

import math

from minigrad.nn.layers.dropout import Dropout, Dropout2d, VanillaDropout
from minigrad.ops.create import zeros_like
from minigrad.optim import Adam
from minigrad.train.checks.report import Finding
from minigrad.train.checks.subject import Subject
from minigrad.train.heads import logits_of

_EXAMPLES = 20
_STEPS = 300
_RATES = (1e-3, 1e-2, 1e-4)  # of Adam: first the one that suits most networks, then a faster and a safer one
_NEAR_ZERO = 0.02  # of the loss of equal scores


def overfit(subject: Subject) -> Finding:
    """Twenty examples are overfitted to a loss near 0, without regularisation."""
    inputs, labels = subject.batch(size=_EXAMPLES)
    scores = logits_of(subject.copies()[0](inputs))
    goal = _NEAR_ZERO * subject.loss(zeros_like(scores.detach()), labels).item()
    best, steps, rate = math.inf, 0, _RATES[0]
    for lr in _RATES:
        if best > goal:
            loss, taken = _train(subject, lr, goal)
            if loss < best:
                best, steps, rate = loss, taken, lr
    return Finding(
        "overfitting",
        f"a loss of at most {goal:.2g} on {len(labels)} examples within {_STEPS} steps",
        f"{best:.2g} after {steps} steps of Adam at {rate:g}" if best < math.inf else "a loss that is not finite",
        best <= goal,
        "it cannot learn: look at the labels, the order of their axis and the scores', the loss (whose scores need no "
        "softmax before it), and the other checks",
    )


def _train(subject: Subject, lr: float, goal: float) -> tuple[float, int]:
    """Return the least loss, and after how many steps it came."""
    model, _ = subject.copies()
    for module in model.modules():
        if isinstance(module, Dropout | Dropout2d | VanillaDropout):
            module.training = False
    inputs, labels = subject.batch(size=_EXAMPLES)
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = Adam(learning, lr=lr) if learning else None
    best, taken = math.inf, 0
    for step in range(_STEPS + 1):
        loss = subject.loss(model(inputs), labels)
        value = loss.item()
        if value < best:
            best, taken = value, step
        if best <= goal or not math.isfinite(value) or not loss.requires_grad or optimizer is None:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return best, taken
