"""Count the lines of code against what is promised: without blank lines, comments and docstrings."""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Group(NamedTuple):
    """Files counted together, and how many lines they may have."""

    name: str
    paths: tuple[str, ...]
    limit: int


_CORE = ("*.py", "ops/**/*.py", "nn/**/*.py", "optim/**/*.py")
GROUPS = (
    Group("engine", ("minigrad/autograd.py",), 360),
    Group("core", tuple(f"minigrad/{pattern}" for pattern in _CORE), 5_350),
    Group("backends", ("minigrad/backends/**/*.py",), 670),
    Group("kernels", ("kernels/minigrad_kernels/**/*.py",), 7_350),
)
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """Return the number of lines of `source` that hold code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    lines = {line for token in tokens if token.type not in _NO_CODE for line in range(token.start[0], token.end[0] + 1)}
    return len(lines - _docstring_lines(source))


def count(group: Group, root: Path) -> int:
    """Return the number of code lines in the files of a group below `root`."""
    files = {path for pattern in group.paths for path in root.glob(pattern)}
    return sum(code_lines(path.read_text(encoding="utf-8")) for path in files)


def report(groups: Iterable[Group], root: Path) -> bool:
    """Print a line for each group; return whether all keep their promise."""
    kept = True
    print(f"{'group':<10}{'lines':>7}{'limit':>7}")
    for name, lines, limit in ((group.name, count(group, root), group.limit) for group in groups):
        print(f"{name:<10}{lines:>7,}{limit:>7,}{'' if lines <= limit else '  above the limit'}")
        kept &= lines <= limit
    return kept


def _docstring_lines(source: str) -> set[int]:
    texts = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    return {line for text in texts for line in range(text.lineno, (text.end_lineno or text.lineno) + 1)}


if __name__ == "__main__":
    sys.exit(not report(GROUPS, ROOT))
