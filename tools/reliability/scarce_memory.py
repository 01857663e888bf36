"""Let memory run out at each place of a training step: `python tools/reliability/scarce_memory.py --write`.

Every step of a training is tried with one allocation of memory refused: the first, the second, up to the last there is.
After each failure parameters, gradients, and the optimiser's settings and state must be as before, to the bit; the step
is then tried again, and the training has to end as one that never failed.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from campaign import Campaign
from page import markdown_table

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.backends import host
from minigrad.backends.host import allocated

OPTIMISERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "SGD": lambda parameters: optim.SGD(parameters, lr=0.05, momentum=0.9),
    "RMSprop": lambda parameters: optim.RMSprop(parameters, momentum=0.9, centered=True),
    "Adagrad": optim.Adagrad,
    "Adadelta": optim.Adadelta,
    "Adam": lambda parameters: optim.Adam(parameters, amsgrad=True),
    "AdamW": optim.AdamW,
}


class Found(NamedTuple):
    """How often memory ran out, and what was wrong after it."""

    failures: int
    faults: list[str]


class Training:
    """A small ConvNet, its data and its optimiser; gradients are summed over two batches in each step."""

    def __init__(self, make_optimizer: Callable[[Any], optim.Optimizer]) -> None:
        mg.manual_seed(0)
        self.model = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 8), nn.Tanh(),
            nn.Linear(8, 3),
        )  # fmt: skip
        self.optimizer = make_optimizer(self.model.parameters())
        rng = np.random.default_rng(0)
        self.batches = [
            (mg.from_numpy(rng.standard_normal((6, 2, 8, 8)).astype(np.float32)), mg.from_numpy(rng.integers(0, 3, 6)))
            for _ in range(2)
        ]

    def phases(self) -> list[Callable[[], None]]:
        """What a step does, one thing after the other; where one fails, nothing has changed since it began."""
        backward = [lambda batch=batch: self._backward(*batch) for batch in self.batches]
        return [*backward, self.optimizer.step, self.optimizer.zero_grad]

    def _backward(self, images: mg.Tensor, labels: mg.Tensor) -> None:
        # A mean of the outputs has a gradient that is a view, which the bias has to copy.
        outputs = self.model(images)
        (F.cross_entropy(outputs, labels) + outputs.mean()).backward()

    def digest(self) -> str:
        """A hash of all that a step may change."""
        found = hashlib.sha256()
        for parameter in self.model.parameters():
            found.update(parameter.detach().numpy().tobytes())
            found.update(b"none" if parameter.grad is None else parameter.grad.numpy().tobytes())
        held = self.optimizer.state_dict()
        found.update(repr(held["param_groups"]).encode())
        for number, entries in held["state"].items():
            for name, value in entries.items():
                found.update(f"{number} {name}".encode() + np.asarray(value).tobytes())
        return found.hexdigest()


@contextmanager
def refusing(number: int) -> Iterator[list[int]]:
    """Refuse the allocation of that number, from 0; the list has an entry for each that was asked for."""
    asked: list[int] = []

    def scarce(spec: Any) -> Any:
        asked.append(spec.nbytes)
        if len(asked) == number + 1:
            raise MemoryError
        return allocated(spec)

    with mock.patch.object(host, "allocated", scarce):
        yield asked


def without_failures(make_optimizer: Callable[[Any], optim.Optimizer], steps: int) -> str:
    """How a training ends whose memory never runs out."""
    training = Training(make_optimizer)
    for _ in range(steps):
        for phase in training.phases():
            phase()
    return training.digest()


def failing_everywhere(make_optimizer: Callable[[Any], optim.Optimizer], steps: int) -> Found:
    """Train, every phase of every step failing once at each of its allocations before it succeeds."""
    training, failures, faults = Training(make_optimizer), 0, []
    for step in range(steps):
        for position, phase in enumerate(training.phases()):
            before, number = training.digest(), 0
            while True:
                with refusing(number) as asked:
                    try:
                        phase()
                    except mg.OutOfMemoryError:
                        pass
                    else:
                        if len(asked) > number:
                            faults.append(f"step {step}, phase {position}, allocation {number}: the error was lost")
                        break
                failures, number = failures + 1, number + 1
                if training.digest() != before:
                    faults.append(f"step {step}, phase {position}, allocation {number - 1}: something has changed")
                    before = training.digest()
    if training.digest() != without_failures(make_optimizer, steps):
        faults.append("the training does not end as one whose memory never ran out")
    return Found(failures, faults)


def run(steps: int) -> tuple[str, list[str]]:
    """All optimisers: the section, and what was found."""
    found = {name: failing_everywhere(make, steps) for name, make in OPTIMISERS.items()}
    rows: list[tuple[str, ...]] = [(name, f"{one.failures:,}", f"{len(one.faults)}") for name, one in found.items()]
    text = (
        f"{steps} steps of a ConvNet with each optimiser; every allocation of each step was refused once.\n\n"
        + markdown_table(("optimiser", "refused allocations", "faults"), rows)
    )
    return text, [f"{name}: {fault}" for name, one in found.items() for fault in one.faults]


if __name__ == "__main__":
    campaign = Campaign("memory", __doc__)
    campaign.option("--steps", type=int, default=3, help="steps of each training; the first makes the state")
    sys.exit(campaign.main(run))
