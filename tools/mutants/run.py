"""The campaign: a sample of mutants, a few at a time, and what became of each."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .selection import Selection, fingerprint
from .session import BUILD, Outcome, prepare, test
from .sites import Mutant, runs_as_python

TEST_SECONDS = 150.0


class Verdict(NamedTuple):
    """A mutant and what became of it."""

    mutant: Mutant
    outcome: Outcome


def campaign(mutants: Sequence[Mutant], workers: int) -> Iterator[Verdict]:
    """The verdict on each mutant, as soon as it is there; those of an interrupted campaign are kept."""
    (BUILD / "logs").mkdir(parents=True, exist_ok=True)
    kept = BUILD / f"verdicts-{fingerprint()}.jsonl"
    known = _known(kept)
    yield from (Verdict(mutant, known[_key(mutant)]) for mutant in mutants if _key(mutant) in known)
    prepare()
    selection = Selection()
    left = [mutant for mutant in mutants if _key(mutant) not in known]
    jobs = [(number, mutant, selection.tests_for(mutant)) for number, mutant in enumerate(left)]
    with multiprocessing.get_context("fork").Pool(workers) as pool, kept.open("a", encoding="utf-8") as file:
        for verdict in pool.imap_unordered(_judge, jobs):
            print(json.dumps([_key(verdict.mutant), verdict.outcome]), file=file, flush=True)
            yield verdict


def _known(kept: Path) -> dict[str, Outcome]:
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    return {key: Outcome(*outcome) for key, outcome in map(json.loads, lines)}


def _key(mutant: Mutant) -> str:
    return repr((mutant.path, mutant.change))


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
