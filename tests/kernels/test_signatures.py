"""The packages of kernels offer the same entry points, and import no more than they may."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from minigrad_kernels import philox, reference, shapes

REFERENCE_ONLY = {"windows", "words"}  # what the reference kernels share among themselves
MODULES = sorted({module.name for module in pkgutil.iter_modules(reference.__path__)} - REFERENCE_ONLY)
HOST_ONLY = {"augment"}  # images are augmented while they are read, before they go to a device
CONTRACT = Path(__file__).parents[2] / "kernels" / "README.md"


def entry_points(package, module):
    """Names and signatures of the public functions that a module defines itself."""
    loaded = importlib.import_module(f"minigrad_kernels.{package}.{module}")
    functions = inspect.getmembers(loaded, inspect.isfunction)
    return {
        name: list(inspect.signature(function).parameters)
        for name, function in functions
        if not name.startswith("_") and function.__module__ == loaded.__name__
    }


def imports_of(source):
    tree = ast.parse(Path(source).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize("module", MODULES)
def test_the_contract_has_a_row_for_the_module(module):
    assert re.search(rf"^\| {module} ", CONTRACT.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("module", MODULES)
def test_cpu_and_reference_have_the_same_entry_points(module):
    assert entry_points("cpu", module) == entry_points("reference", module)


def declared_entry_points(source):
    """The same of a file that cannot be imported here."""
    functions = [
        node for node in ast.parse(source.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    return {
        function.name: [argument.arg for argument in function.args.args]
        for function in functions
        if not function.name.startswith("_") and not function.decorator_list
    }


@pytest.mark.parametrize("module", [module for module in MODULES if module not in HOST_ONLY])
def test_cuda_and_reference_have_the_same_entry_points(module):
    cuda = Path(reference.__file__).parents[1] / "cuda" / f"{module}.py"
    assert declared_entry_points(cuda) == entry_points("reference", module)


@pytest.mark.parametrize("module", MODULES)
def test_scratch_comes_last_and_has_its_sister(module):
    functions = entry_points("reference", module)
    needed = {f"{name}_scratch_bytes": names[:-1] for name, names in functions.items() if names[-1] == "scratch"}
    assert {name: names for name, names in functions.items() if name.endswith("_scratch_bytes")} == needed


@pytest.mark.parametrize("module", [shapes, philox], ids=["shapes", "philox"])
def test_shapes_and_philox_import_nothing(module):
    assert list(imports_of(module.__file__)) == []


@pytest.mark.parametrize("module", [*MODULES, *sorted(REFERENCE_ONLY)])
def test_reference_shares_nothing_with_what_it_checks(module):
    (package,) = reference.__path__
    own = {name for name in imports_of(Path(package) / f"{module}.py") if name.startswith("minigrad")}
    assert all(name.startswith("minigrad_kernels.reference.") or name == "minigrad_kernels.philox" for name in own)
