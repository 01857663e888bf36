"""Print the table of docs/onnx.md: the operators that are read, by family, from the importer's own table."""

from __future__ import annotations

from minigrad.interop.onnx import operators as operators  # fills the table
from minigrad.interop.onnx.table import TABLE


def main() -> None:
    """Print a row for each family, as Markdown."""
    families: dict[str, list[str]] = {}
    for name in sorted(TABLE):
        families.setdefault(TABLE[name][0].family, []).append(name)
    print("| family | operators |\n|---|---|")
    for family in sorted(families):
        print(f"| {family} | {', '.join(families[family])} |")


if __name__ == "__main__":
    main()
