"""Which tests a mutant is run against: those that were seen to run the function it lies in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from .session import BUILD, survey
from .sites import KERNELS, ROOT, Mutant, dependents, path_of, runs_as_python

# Tests of ops and kernels; left out are those of the machinery, which compile in processes of their own.
_MACHINERY = (
    *(f"kernels/test_{name}" for name in ("cache", "compiler", "simd", "team", "threads", "signatures")),
    *("ops/test_broken_rules", "ops/test_completeness"),
)
TARGETS = ["tests/ops", "tests/kernels", *(f"--ignore=tests/{name}.py" for name in _MACHINERY)]
PLAIN_TARGETS = TARGETS[1:]

# With the few examples of the survey. Longer tests are left to CI.
LONGEST_SECONDS = 12.0
ALL_SECONDS = 80.0

Survey = dict[str, tuple[float, list[str]]]


class Selection:
    """What the survey saw of each test, compiled and as plain Python."""

    def __init__(self) -> None:
        self._surveys = {as_python: _survey(as_python) for as_python in (False, True)}

    def tests_for(self, mutant: Mutant) -> list[str]:
        """Names of tests: of the function by its name, those that run the innermost one around, those of its file."""
        # A kernel that is compiled is not seen to run: what is seen is its file, or that of what calls it.
        paths = {mutant.path}
        if mutant.path.startswith(KERNELS):
            paths |= {path_of(module) for module in dependents(mutant.path)}
        places = [f"{mutant.path}:{line}" for line in mutant.functions]
        ranked = []
        for test, (seconds, functions) in self._surveys[runs_as_python(mutant.path)].items():
            ran, files = set(functions), {place.partition(":")[0] for place in functions}
            is_named = test.endswith(f"[{mutant.name}]")  # it looks at what it does not call, such as defaults
            if is_named or paths & files:
                is_far = 2 * (mutant.path not in files) + (not test.startswith("tests/kernels"))
                near = next((rank for rank, place in enumerate(places) if place in ran), len(places) + is_far)
                ranked.append((-1 if is_named else near, seconds, test))
        return _within_time(sorted(ranked))


def _within_time(ranked: list[tuple[int, float, str]]) -> list[str]:
    chosen, total = [], 0.0
    for _, seconds, test in ranked:
        if seconds < LONGEST_SECONDS and total + seconds <= ALL_SECONDS:
            total += seconds
            chosen.append(test)
    return chosen


def _survey(as_python: bool) -> Survey:
    """What an earlier campaign saw of the same files, or what is seen now."""
    name = f"survey-{'python' if as_python else 'compiled'}-{fingerprint()}"
    kept = BUILD / f"{name}.json"
    if not kept.exists():
        seen = survey(PLAIN_TARGETS if as_python else TARGETS, as_python, BUILD / f"{name}.log")
        kept.write_text(json.dumps(seen), encoding="utf-8")
    found: Survey = json.loads(kept.read_text(encoding="utf-8"))
    return found


def fingerprint() -> str:
    """A hash of all that decides what becomes of a mutant: sources and tests."""
    digest = hashlib.sha256()
    for folder in ("minigrad", "kernels", "tests/ops", "tests/kernels"):
        for path in sorted(Path(ROOT, folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]
