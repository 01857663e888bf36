"""Hypothesis examples of each op and property for so many seconds: `python tools/reliability/examples_each.py --write`.

The properties are those of `minigrad.testing.check_op`, and the tests' own. The examples are drawn anew in each run;
with 30 seconds for each op and property the campaign takes some twelve hours of one core, which `--jobs` shares.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import multiprocessing
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from campaign import Campaign
from hypothesis import HealthCheck, Phase, given, seed, settings
from page import markdown_table

from minigrad.testing import PROPERTIES, OpSpec, Sample, strategies

ROOT = Path(__file__).parents[2]
MODULES = ("test_saved", "test_errors")
KERNELS = "kernels equal their reference twins"
BATCH = 50
_DRAWN: dict[str, Callable[[OpSpec], Any]] = {
    "plain": lambda spec: spec.samples,
    "laid out": lambda spec: strategies.laid_out(spec.samples),
    "typed": strategies.of_any_dtype,
}
_PHASES = (Phase.explicit, Phase.generate, Phase.shrink)

Property = tuple[Any, Callable[[Any], None]]
"""A strategy, and what must hold of its examples."""


class Count(NamedTuple):
    """How many examples of one op there were for one property, and what failed."""

    title: str
    name: str
    examples: int
    fault: str


@functools.cache
def properties() -> dict[str, dict[str, Property]]:
    """By title and op: those of `check_op`, those that `over_samples` makes tests of, and the kernels' results."""
    _find_tests()
    table = importlib.import_module("tests.ops.table")
    found: dict[str, dict[str, Property]] = {}
    for one in PROPERTIES:
        held = [spec for spec in table.TABLE if not one.missing(spec)]
        found[one.name.replace("_", " ")] = {
            spec.name: (_DRAWN[one.samples](spec), partial(_holds, one, spec, table.DEVICE)) for spec in held
        }
    for module in (importlib.import_module(f"tests.ops.{name}") for name in MODULES):
        for name, test in vars(module).items():
            if hasattr(test, "over"):
                found[name.removeprefix("test_").replace("_", " ")] = test.over
    found[KERNELS] = {case.name: _of_kernel(tables(), case) for case in tables().TABLE}
    return found


def _holds(one: Any, spec: OpSpec, device: str, sample: Sample) -> None:
    one.holds(spec, sample, device)


def tables() -> Any:
    """The tests of kernels, with the table of all cases."""
    _find_tests()
    return importlib.import_module("tests.kernels.test_kernels")


def _of_kernel(tests: Any, case: Any) -> Property:
    def equals_reference(call: Any) -> None:
        tests.assert_equals_reference(case, call, tests.run("cpu", case.name, call))

    return tests.calls(case), equals_reference


def _find_tests() -> None:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))


def count_examples(strategy: Any, check: Callable[[Any], None], seconds: float, first_seed: int = 0) -> tuple[int, str]:
    """Draw examples and check them until the time is over, or one fails; how many passed, and the failure.

    The time begins after the first example, which may have to compile kernels.
    """
    end, count = float("inf"), 0

    def property_holds(example: Any) -> None:
        nonlocal count, end
        if time.monotonic() < end:
            check(example)
            count += 1
        if count == 1 and end == float("inf"):
            end = time.monotonic() + seconds

    for number in itertools.count(first_seed):
        try:
            check_examples(strategy, property_holds, BATCH, number)
        except Exception as error:
            return count, _in_words(error)[:500]
        if time.monotonic() >= end:
            break
    return count, ""


def _in_words(error: BaseException) -> str:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    notes = getattr(error, "__notes__", ())
    return " ".join(" ".join([type(error).__name__, *map(_in_words, inner), str(error), *notes]).split())


def check_examples(strategy: Any, check: Callable[[Any], None], examples: int, first_seed: int = 0) -> None:
    """Check so many examples; a failure is shrunk."""
    fresh = settings(
        max_examples=examples, deadline=None, database=None, derandomize=False, phases=_PHASES,
        suppress_health_check=[HealthCheck.too_slow],  # on a busy machine
    )  # fmt: skip
    decorate: Any = given(strategy)
    property_holds: Any = seed(first_seed)(fresh(decorate(check)))
    property_holds()


def _one(job: tuple[str, str, float, int]) -> Count:
    title, name, seconds, first_seed = job
    return Count(title, name, *count_examples(*properties()[title][name], seconds, first_seed))


def run(seconds: float, jobs: int, first_seed: int, only: str) -> tuple[str, list[str]]:
    """All of them: the section, and what failed."""
    work = [
        (title, name, seconds, first_seed)
        for title, those in properties().items()
        for name in those
        if only in f"{title}: {name}"
    ]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        counts = list(pool.imap_unordered(_one, work))
    return section(counts, seconds), [f"{one.title}: {one.name}: {one.fault}" for one in counts if one.fault]


def section(counts: list[Count], seconds: float) -> str:
    """The table: a line for each property."""
    rows: list[tuple[str, ...]] = []
    for title in sorted({one.title for one in counts}):
        those = [one for one in counts if one.title == title]
        fewest = min(those, key=lambda one: one.examples)
        failed = sum(bool(one.fault) for one in those)
        total = sum(one.examples for one in those)
        rows.append((title, f"{len(those)}", f"{total:,}", f"{fewest.examples:,} ({fewest.name})", f"{failed}"))
    total = sum(one.examples for one in counts)
    head = ("property", "ops", "examples", "fewest of an op", "failed")
    return (
        f"{seconds:g} seconds for each of {len(counts):,} pairs of an op and a property: {total:,} examples.\n\n"
        + markdown_table(head, rows)
    )


if __name__ == "__main__":
    campaign = Campaign("examples", __doc__)
    campaign.option("--seconds", type=float, default=30.0, help="for each op and property")
    campaign.option("--jobs", type=int, default=2, help="processes")
    campaign.option("--first-seed", type=int, default=0, help="another one, other examples")
    campaign.option("--only", default="", help="what 'property: op' must contain")
    sys.exit(campaign.main(run))
