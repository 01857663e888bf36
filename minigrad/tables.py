"""Tables of text."""

from __future__ import annotations

from collections.abc import Collection, Sequence


def table(lines: Sequence[Sequence[str]], right: Collection[int] = ()) -> str:
    """Lines of cells in columns; those numbered in `right` are flushed right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(_padded(line, widths, right)).rstrip() for line in lines)


def _padded(line: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    cells = enumerate(zip(line, widths, strict=True))
    return [cell.rjust(width) if number in right else cell.ljust(width) for number, (cell, width) in cells]
