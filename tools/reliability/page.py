"""docs/reliability.md: a section for each campaign, written by its command."""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def write_section(name: str, text: str, page: Path = PAGE) -> None:
    """Replace what stands between the comments that name a section; the rest of the page is written by hand."""
    begin, end = f"<!-- {name}: written by its command -->", f"<!-- end of {name} -->"
    content = page.read_text(encoding="utf-8")
    if begin not in content or end not in content:
        raise ValueError(f"{page} has no section {name!r}: it lacks the comments {begin!r} and {end!r}")
    head, _, rest = content.partition(begin)
    _, _, tail = rest.partition(end)
    page.write_text(f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}", encoding="utf-8")


def markdown_table(head: tuple[str, ...], rows: list[tuple[str, ...]], right: int = 1) -> str:
    """A table whose columns from the one numbered `right` on are flushed right."""
    rule = ["---" if column < right else "---:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *rows))
