"""What a search draws from, and how a stage narrows it. A run is a function of its number, whoever trains it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from minigrad.checks import is_number
from minigrad.data.integers import require_integer, require_seed
from minigrad.errors import DataError

FINER: Final = 3
"""How many times narrower, on a logarithmic scale, the ranges of a stage are than those of the stage before."""

_EDGE = 0.05  # of a range on a logarithmic scale


class Range(NamedTuple):
    """Numbers above 0, drawn log-uniformly: every decade is as likely as any other."""

    low: float
    high: float

    def around(self, value: float) -> Range:
        """A finer range, in whose middle `value` lies; it may reach beyond this one."""
        half = (math.log(self.high) - math.log(self.low)) / (2 * FINER)
        return Range(rounded(value * math.exp(-half)), rounded(value * math.exp(half)))

    def edge(self, value: float) -> str:
        """The end that `value` is close to, "lower" or "upper", if it is close to one."""
        if self.low == self.high:
            return ""
        place = math.log(value / self.low) / math.log(self.high / self.low)
        return "lower" if place < _EDGE else "upper" if place > 1 - _EDGE else ""

    def __str__(self) -> str:
        return f"{self.low:.3g} to {self.high:.3g}"


class Stage(NamedTuple):
    """How many runs each network gets, and for how many epochs."""

    trials: int
    epochs: int


class Box(NamedTuple):
    """What the runs of one network in one stage are drawn from; `first` is the number of the first."""

    stage: int
    model: str
    lr: Range
    reg: Range
    epochs: int
    first: int
    trials: int

    @property
    def numbers(self) -> range:
        """Those of its runs."""
        return range(self.first, self.first + self.trials)


@dataclass(frozen=True)
class Plan:
    """A search, as it was asked for."""

    models: tuple[str, ...]
    lr: Range
    reg: Range
    stages: tuple[Stage, ...]
    seed: int

    def boxes(self, stage: int, best: Mapping[str, tuple[float, float]]) -> list[Box]:
        """The boxes of a stage, from 0, around the best learning rate and strength that each network had before.

        Networks that have none are left out; the first stage needs none.
        """
        trials, epochs = self.stages[stage]
        first = 1 + len(self.models) * sum(earlier.trials for earlier in self.stages[:stage])
        found = []
        for place, model in enumerate(self.models):
            lr, reg = self.lr, self.reg
            if stage:
                if model not in best:
                    continue
                for _ in range(stage - 1):  # the width that the stage before had
                    lr, reg = lr.around(1.0), reg.around(1.0)
                lr, reg = lr.around(best[model][0]), reg.around(best[model][1])
            found.append(Box(stage + 1, model, lr, reg, epochs, first + place * trials, trials))
        return found

    @property
    def total(self) -> int:
        """The number of the last run."""
        return len(self.models) * sum(stage.trials for stage in self.stages)

    def words(self, number: int) -> tuple[int, int]:
        """The seed of a run, which draws its weights and its batches, and the seed that draws its settings."""
        seed, settings = np.random.SeedSequence([self.seed, number]).generate_state(2)
        return int(seed), int(settings)

    def settings(self) -> dict[str, Any]:
        """What two processes must agree on, as JSON has it."""
        return {
            "models": [*self.models],
            "lr": [*self.lr],
            "reg": [*self.reg],
            "stages": [[*stage] for stage in self.stages],
            "seed": self.seed,
        }


def rounded(value: float) -> float:
    """A number of four digits: what is shown is what was used."""
    return float(f"{value:.3e}")


def planned(models: Sequence[str], lr: Any, reg: Any, stages: Any, seed: int) -> Plan:
    """A plan of what a user asks for, checked."""
    found = _items("stages", stages, "pairs (runs, epochs), one for each stage")
    pairs = [_items("a stage", stage, "a pair (runs, epochs)", 2) for stage in found]
    checked = tuple(
        Stage(require_integer("search: runs of a stage", runs, 1), require_integer("search: epochs", epochs, 1))
        for runs, epochs in pairs
    )
    return Plan(tuple(models), _range("lr", lr), _range("reg", reg), checked, require_seed("search: seed", seed))


def _range(name: str, ends: Any) -> Range:
    low, high = _items(name, ends, "two numbers, the lowest and the highest", 2)
    if not (is_number(low) and is_number(high) and 0 < low <= high < math.inf):
        raise DataError(f"search: {name} must be two numbers above 0, the lowest first, got {low!r} and {high!r}")
    return Range(float(low), float(high))


def _items(name: str, values: Any, wanted: str, length: int | None = None) -> list[Any]:
    items = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else []
    if not items or length not in (None, len(items)):
        raise DataError(f"search: {name} must be {wanted}, got {values!r}")
    return items
