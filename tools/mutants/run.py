"""The campaign: a sample of mutants, a few at a time, and what became of each."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .selection import Selection
from .session import BUILD, Outcome, prepare, test
from .sites import Mutant, runs_as_python

TEST_SECONDS = 60.0


class Verdict(NamedTuple):
    """A mutant and what became of it."""

    mutant: Mutant
    outcome: Outcome


def campaign(mutants: Sequence[Mutant], workers: int) -> Iterator[Verdict]:
    """The verdict on each mutant, as soon as it is there."""
    (BUILD / "logs").mkdir(parents=True, exist_ok=True)
    prepare()
    selection = Selection()
    jobs = [(number, mutant, selection.tests_for(mutant)) for number, mutant in enumerate(mutants)]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        yield from pool.imap_unordered(_judge, jobs)


def _judge(job: tuple[int, Mutant, list[str]]) -> Verdict:
    number, mutant, tests = job
    if not tests:
        return Verdict(mutant, Outcome(False, "", 0, 0.0))
    log = BUILD / "logs" / f"{number}.log"
    return Verdict(mutant, test(mutant, tests, runs_as_python(mutant.path), TEST_SECONDS, log))


def show(verdict: Verdict, done: int, total: int, started: float) -> None:
    """Print a line of a verdict, and for a survivor what was changed."""
    mutant, outcome = verdict
    what = f"killed by {outcome.by}" if outcome.killed else f"SURVIVED {outcome.tests} tests"
    minutes = (time.monotonic() - started) / 60
    print(f"{done}/{total} {minutes:.1f} min  {mutant.path}:{mutant.line} {mutant.change.operator}: {what}", flush=True)
    if not outcome.killed:
        before, after = mutant.lines()
        print(f"    - {before}\n    + {after}", flush=True)
