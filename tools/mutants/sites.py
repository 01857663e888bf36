"""Where mutants come from: the files, how the kernels of each run, and the sample that a seed draws."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from .operators import Change, Function, Source, changes_of

ROOT = Path(__file__).parent.parent.parent
KERNELS = "kernels/minigrad_kernels"

# Kernels that run as plain Python. The others call vector IR, which does not, or count on the arithmetic of compiled
# code, such as the root of a negative number: they are compiled anew.
PLAIN = (
    *("augment", "dropout", "elementwise", "index", "optimise", "random", "reduce", "softmax", "sums"),
    *("unfold", "update", "words"),
)
_MACHINERY = ("atomics", "compiler", "helper", "quiet", "sharing", "team", "threads")
# Not mutated: what is no rule and no kernel.
LEFT_OUT = (
    "minigrad/ops/methods.py",
    *(f"{KERNELS}/cpu/{name}.py" for name in _MACHINERY),
)
GROUPS: dict[str, tuple[str, ...]] = {
    "rules and shape rules": ("minigrad/ops/*.py", f"{KERNELS}/shapes.py"),
    "kernels": (f"{KERNELS}/reference/*.py", f"{KERNELS}/cpu/*.py", f"{KERNELS}/philox.py"),
}


class Mutant(NamedTuple):
    """A file with one change in it: in which line, and the functions around.

    Of these there are the first lines, the innermost first, and the name of the outermost.
    """

    path: str
    change: Change
    line: int
    functions: tuple[int, ...]
    name: str

    @property
    def source(self) -> str:
        """The text of the changed file."""
        return self.change.apply((ROOT / self.path).read_text(encoding="utf-8"))

    def lines(self) -> tuple[str, str]:
        """The line before and after, where the change begins."""
        texts = (ROOT / self.path).read_text(encoding="utf-8"), self.source
        before, after = (text.splitlines()[self.line - 1].strip() for text in texts)
        return before, after if after != before else f"{after} ... {self.change.text}"


def files_of(group: str) -> list[str]:
    """The files of a group, from the root of the repository."""
    found = (path.relative_to(ROOT).as_posix() for pattern in GROUPS[group] for path in ROOT.glob(pattern))
    return sorted(path for path in found if path not in LEFT_OUT and not path.endswith("__init__.py"))


def runs_as_python(path: str) -> bool:
    """Whether the kernels of a file run without being compiled."""
    return path in {f"{KERNELS}/cpu/{name}.py" for name in PLAIN}


def mutants_of(path: str) -> list[Mutant]:
    """Every mutant of a file, in a fixed order."""
    source = Source((ROOT / path).read_text(encoding="utf-8"))
    found = {
        Mutant(path, change, source.line(change.start), tuple(_first_lines(functions)), _name(functions))
        for change, functions in changes_of(source)
    }
    return sorted(found, key=lambda mutant: (mutant.change.start, mutant.change))


def _first_lines(functions: tuple[Function, ...]) -> Iterator[int]:
    """Where functions begin, the innermost first: at the first decorator, and at what is decorated."""
    for function in reversed(functions):
        yield function.lineno
        if isinstance(function, ast.FunctionDef) and function.decorator_list:
            yield function.decorator_list[0].lineno


def _name(functions: tuple[Function, ...]) -> str:
    return functions[0].name if functions and isinstance(functions[0], ast.FunctionDef) else ""


def draw(seed: int, count: int, paths: Iterable[str] | None = None) -> list[Mutant]:
    """A sample of all mutants, as many from either group; or from the files named."""
    generator = random.Random(seed)
    if paths is not None:
        pools = [[mutant for path in paths for mutant in mutants_of(path)]]
    else:
        pools = [[mutant for path in files_of(group) for mutant in mutants_of(path)] for group in GROUPS]
    shares = [count // len(pools) + (position < count % len(pools)) for position in range(len(pools))]
    return [mutant for pool, share in zip(pools, shares, strict=True) for mutant in generator.sample(pool, share)]


def dependents(path: str) -> set[str]:
    """The modules of kernels that import a module of kernels, directly or not, and itself."""
    modules = {module_name(file.relative_to(ROOT).as_posix()): file for file in (ROOT / KERNELS).rglob("*.py")}
    imports = {name: _imports(file) for name, file in modules.items()}
    reached = {module_name(path)}
    while True:
        more = {name for name, imported in imports.items() if imported & reached} - reached
        if not more:
            return reached
        reached |= more


def module_name(path: str) -> str:
    """The name under which a file is imported."""
    return path.removeprefix("kernels/").removesuffix(".py").replace("/", ".")


def path_of(module: str) -> str:
    """The file of a module of kernels."""
    return f"kernels/{module.replace('.', '/')}.py"


def _imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found
