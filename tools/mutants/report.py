"""The section of docs/reliability.md that a campaign writes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from .run import Verdict
from .sites import GROUPS, LEFT_OUT, ROOT, files_of, mutants_of

PAGE = ROOT / "docs" / "reliability.md"


def write(verdicts: Sequence[Verdict], seed: int, workers: int, page: Path = PAGE) -> None:
    """Write the section of the page."""
    # By name: mypy knows the scripts in that folder as top-level modules.
    importlib.import_module("tools.reliability.page").write_section("mutants", section(verdicts, seed, workers), page)


def section(verdicts: Sequence[Verdict], seed: int, workers: int) -> str:
    """The text: what was done, the share killed in each file, every survivor."""
    survivors = [verdict for verdict in sorted(verdicts) if not verdict.outcome.killed]
    return "\n".join(
        [
            *_summary(verdicts, seed, workers),
            "",
            *_table(verdicts),
            "",
            "Survivors, all of them:" if survivors else "There are no survivors.",
            "",
            *(line for verdict in survivors for line in _survivor(verdict)),
            "Left out of the draw is what cannot change a result: annotations, texts of messages, and what team.run",
            "and threads.run are told of the time that work takes, which decides on threads alone, with the names",
            "that are read for nothing else. Left out are also the files that hold neither rules nor kernels:",
            f"{', '.join(map(_short, LEFT_OUT))}.",
        ]
    )


def _summary(verdicts: Sequence[Verdict], seed: int, workers: int) -> list[str]:
    killed = [verdict.outcome for verdict in verdicts if verdict.outcome.killed]
    by_test = sum("::" in outcome.by for outcome in killed)
    timeouts = sum(outcome.by == "timeout" for outcome in killed)
    crashes = len(killed) - by_test - timeouts
    population = sum(len(mutants_of(path)) for group in GROUPS for path in files_of(group))
    minutes = sum(verdict.outcome.seconds for verdict in verdicts) / 60 / workers
    return [
        f"With seed {seed}, {len(verdicts)} of {population:,} mutants, half of rules and shape rules, half of kernels.",
        f"**{len(killed)} of {len(verdicts)}, {_share(len(killed), len(verdicts))}, were killed**:",
        f"{by_test} by a failing test, {crashes} while being imported or by a crash, {timeouts} by not ending.",
        f"That took {minutes:.0f} minutes, {workers} at a time.",
    ]


def _table(verdicts: Sequence[Verdict]) -> list[str]:
    lines = ["| file | mutants | killed | share |", "|---|--:|--:|--:|"]
    for group in GROUPS:
        paths = files_of(group)
        for name, chosen in [(f"**{group}**", paths), *((_short(path), [path]) for path in paths)]:
            outcomes = [verdict.outcome.killed for verdict in verdicts if verdict.mutant.path in chosen]
            if outcomes:
                lines.append(f"| {name} | {len(outcomes)} | {sum(outcomes)} | {_share(sum(outcomes), len(outcomes))} |")
    return lines


def _survivor(verdict: Verdict) -> list[str]:
    mutant = verdict.mutant
    before, after = mutant.lines()
    head = f"{_short(mutant.path)}, line {mutant.line} ({mutant.change.operator}; {verdict.outcome.tests} tests):"
    return [head, "", f"    - {before}", f"    + {after}", ""]


def _short(path: str) -> str:
    return path.removeprefix("kernels/minigrad_").removeprefix("minigrad/")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
