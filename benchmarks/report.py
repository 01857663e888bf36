"""Write the measured tables into README.md and docs/performance.md, between the comments that mark their place.

    python benchmarks/report.py build/bench

The folder holds what `everything.py` has measured. Nothing outside the markers is changed.
"""

import datetime
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from everything import RUNS

ROOT = Path(__file__).parent.parent
BEGIN = "<!-- what follows, up to the next comment, is written by `make bench` -->"
END = "<!-- here ends what `make bench` has written -->"
QUIET = 0.05

Measured = Mapping[str, Any]


def replace_between_markers(text: str, contents: str) -> str:
    """Return the text with the contents between its two markers, and all else as it was."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"these two lines must be there once, in this order:\n{BEGIN}\n{END}")
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}\n\n{contents.strip()}\n\n{END}{rest.partition(END)[2]}"


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table: names to the left, numbers to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cells(measured: Measured) -> list[list[str]]:
    """The rows of a table, each number in its column's format."""
    return [
        [name, *(format(number, style) for number, style in zip(numbers, measured["columns"].values(), strict=True))]
        for name, *numbers in measured["rows"]
    ]


def steps(one: Measured, two: Measured) -> str:
    """Training steps with one thread and with two, side by side."""
    compared = "ratio" in one["columns"]
    parts = ("ms", "PyTorch ms", "ratio") if compared else ("ms",)
    heads = [f"{part}, {threads}" for threads in ("1 thread", "2 threads") for part in parts]
    columns = [[*table["columns"]].index(part) + 1 for table in (one, two) for part in parts]
    rows = []
    for first, second in zip(cells(one), cells(two), strict=True):
        both = [
            *((first, column) for column in columns[: len(parts)]),
            *((second, column) for column in columns[len(parts) :]),
        ]
        rows.append([first[0], *(row[column] for row, column in both)])
    return markdown(["", *heads], rows)


def bounds(tables: Iterable[Measured]) -> str:
    """What was promised and what was found; a figure that misses its bound stands out."""
    rows = []
    for what, found, at_most in (bound for table in tables for bound in table["bounds"]):
        figure = f"{found:.2g}" if found < 0.01 else f"{found:.2f}"
        rows.append([what, figure if float(figure) <= at_most else f"**{figure}**", f"{at_most:g}"])
    return markdown(["", "found", "at most"], rows)


def noise(tables: Mapping[str, Measured]) -> str:
    """Say whether something else ran meanwhile, and how far repeated measurements lie apart."""
    column = [*tables["steps-1"]["columns"]].index("spread %") + 1
    spreads = [row[column] for name in ("steps-1", "steps-2") for row in tables[name]["rows"]]
    apart = f"the middle half of a step's blocks spans at most {max(spreads):.0f} % of its median"
    others = [table["others"] for table in tables.values() if table["others"] is not None]
    if not others:
        return f"How busy the machine was with other things is not known; {apart}."
    taken = f"other programs took up to {max(others):.0%} of its processors' time during a benchmark".replace("%", " %")
    if max(others) <= QUIET:
        return f"The machine was quiet: {taken}; {apart}."
    suffers = "PyTorch's with 2 threads suffer most, for its threads wait for each other by spinning"
    return f"**The machine was noisy**: {taken}; {apart}. Read the figures with care: {suffers}."


def circumstances(tables: Mapping[str, Measured]) -> str:
    """Machine, versions, date, noise, and how compilation is kept out."""
    last = [*tables.values()][-1]
    software = ", ".join(map(" ".join, last["versions"].items()))
    day = datetime.date.fromisoformat(max(table["date"] for table in tables.values()))
    missing = "" if "torch" in last["versions"] else " PyTorch could not be installed: its columns are left out."
    return (
        f"{last['machine']}; {software}; {day.day} {day:%B %Y}. {noise(tables)} No compilation is timed: "
        f"every network and kernel has run before the clock starts.{missing}"
    )


def summary(tables: Mapping[str, Measured]) -> str:
    """What the README shows."""
    how = "Milliseconds of a training step, float32: processor time with 1 thread, wall time with 2."
    return "\n\n".join([how, steps(tables["steps-1"], tables["steps-2"]), circumstances(tables)])


def details(tables: Mapping[str, Measured]) -> str:
    """What docs/performance.md shows: the bounds, and every table."""
    parts = [circumstances(tables), "### Bounds", bounds(tables.values())]
    for table in tables.values():
        how = f"{table['how'][0].upper()}{table['how'][1:]}."
        parts += [f"### {table['title']}", how, markdown(["", *table["columns"]], cells(table))]
    return "\n\n".join(parts)


def main() -> None:
    tables = {name: json.loads((Path(sys.argv[1]) / f"{name}.json").read_text(encoding="utf-8")) for name in RUNS}
    for name, contents in (("README.md", summary(tables)), ("docs/performance.md", details(tables))):
        path = ROOT / name
        path.write_text(replace_between_markers(path.read_text(encoding="utf-8"), contents), encoding="utf-8")


if __name__ == "__main__":
    main()
