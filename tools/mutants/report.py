"""The section of docs/reliability.md that a campaign writes."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path

from .run import Verdict
from .sites import GROUPS, LEFT_OUT, ROOT, files_of, mutants_of

PAGE = ROOT / "docs" / "reliability.md"


def write(verdicts: Sequence[Verdict], seed: int, minutes: float, page: Path = PAGE) -> None:
    """Write the section of the page."""
    # By name: mypy knows the scripts in that folder as top-level modules.
    importlib.import_module("tools.reliability.page").write_section("mutants", section(verdicts, seed, minutes), page)


def section(verdicts: Sequence[Verdict], seed: int, minutes: float) -> str:
    """The text: what was done, the share killed in each file, every survivor."""
    killed = sum(verdict.outcome.killed for verdict in verdicts)
    population = sum(len(mutants_of(path)) for group in GROUPS for path in files_of(group))
    by_end = [verdict.outcome.by for verdict in verdicts if verdict.outcome.killed and "::" not in verdict.outcome.by]
    timeouts = sum(end == "timeout" for end in by_end)
    return "\n".join(
        [
            f"Drawn {len(verdicts)} of {population:,} mutants (seed {seed}), half of them from rules and shape rules,",
            f"half from kernels, and ran each against the tests that reach it: **{killed} of {len(verdicts)}, "
            f"{_share(killed, len(verdicts))}, were killed**,",
            f"{killed - len(by_end)} by a failing test, {len(by_end) - timeouts} while being imported or by a crash, "
            f"{timeouts} by never ending. It took {minutes:.0f} minutes with {os.cpu_count()} cores.",
            "",
            *_table(verdicts),
            "",
            "Survivors, all of them:" if killed < len(verdicts) else "There are no survivors.",
            "",
            *(line for verdict in sorted(verdicts) if not verdict.outcome.killed for line in _survivor(verdict)),
            "Files without mutants: " + "; ".join(f"{_short(path)} ({why})" for path, why in LEFT_OUT.items()) + ".",
        ]
    )


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
