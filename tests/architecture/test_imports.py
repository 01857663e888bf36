"""The diagram of who may import whom, as a test."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad
import minigrad_kernels

ROOTS = {package.__name__: Path(package.__file__).parent for package in (minigrad, minigrad_kernels)}

# From low to high: a package may import those in the lines above it. A module belongs to the longest name that fits.
LAYERS = [
    ["minigrad.errors", "minigrad.tables", "minigrad.version"],
    ["minigrad.checks"],
    ["minigrad.dtypes", "minigrad.random", "minigrad.recording"],
    ["minigrad.backends.base"],
    ["minigrad.tensor"],
    ["minigrad.autograd"],
    ["minigrad.tape"],
    ["minigrad.ops"],
    ["minigrad.backends"],
    ["minigrad.nn", "minigrad.optim", "minigrad.data", "minigrad.cuda"],
    ["minigrad.models", "minigrad.testing"],
    ["minigrad.train"],
    ["minigrad.interop"],
    ["minigrad.cli"],
    ["minigrad.__main__"],
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def modules():
    for package, root in ROOTS.items():
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            yield ".".join([package, *parts]).removesuffix(".__init__"), path


MODULES = dict(modules())


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def statements(node):
    """All nodes below one, without what only type checkers see."""
    for child in ast.iter_child_nodes(node):
        if is_for_type_checkers(child):
            for other in child.orelse:
                yield other
                yield from statements(other)
        else:
            yield child
            yield from statements(child)


def imported_by(source, module, is_package=False):
    """Full names of the modules that a source text imports; `from package import module` counts as the module."""
    package = module if is_package else module.rpartition(".")[0]
    for node in statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                name = f"{base}.{alias.name}"
                yield name if name in MODULES else base


def imports(module):
    path = MODULES[module]
    return set(imported_by(path.read_text(), module, path.name == "__init__.py"))


def place(module):
    """The entry of LAYERS that a module belongs to."""
    found = [name for name in LEVEL if module == name or module.startswith(f"{name}.")]
    return max(found, key=len, default=None)


def may_import(module, other):
    own, theirs = place(module), place(other)
    return own == theirs or LEVEL[theirs] < LEVEL[own]


OURS = [name for name in MODULES if name.startswith("minigrad.")]
KERNELS = [name for name in MODULES if name.startswith("minigrad_kernels")]


def test_every_module_has_a_place_in_the_diagram():
    assert [name for name in OURS if place(name) is None] == []


@pytest.mark.parametrize("module", OURS)
def test_nothing_imports_upward(module):
    others = [other for other in imports(module) if other.split(".")[0] == "minigrad"]
    # The package's own namespace is above everything.
    assert [other for other in others if other == "minigrad" or not may_import(module, other)] == []


@pytest.mark.parametrize("module", KERNELS)
def test_kernels_import_nothing_of_the_framework(module):
    assert [other for other in imports(module) if other.split(".")[0] == "minigrad"] == []


KERNEL_DEPENDENCIES = {"numpy", "numba", "llvmlite"}


@pytest.mark.parametrize("module", KERNELS)
def test_kernels_depend_on_little(module):
    allowed = KERNEL_DEPENDENCIES | {"minigrad_kernels"}
    if module == "minigrad_kernels.cache":
        allowed |= {"platformdirs", "filelock"}
    roots = {other.split(".")[0] for other in imports(module)}
    assert roots - set(sys.stdlib_module_names) - allowed == set()


@pytest.mark.parametrize("module", [name for name in KERNELS if name.startswith("minigrad_kernels.reference")])
def test_the_reference_shares_no_code_with_what_it_checks(module):
    others = {other for other in imports(module) if other.startswith("minigrad_kernels")}
    assert all(other.startswith(("minigrad_kernels.reference", "minigrad_kernels.philox")) for other in others)


def test_the_shape_formulas_import_nothing():
    assert {name.split(".")[0] for name in imports("minigrad_kernels.shapes")} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("module", [name for name in OURS if not name.startswith("minigrad.backends")])
def test_only_backends_touch_kernels(module):
    allowed = {"minigrad_kernels.shapes"} if module.startswith("minigrad.ops") else set()
    if module.startswith("minigrad.data"):
        allowed = {"minigrad_kernels.philox"} | {name for name in KERNELS if name.endswith(".augment")}
    assert {other for other in imports(module) if other.startswith("minigrad_kernels")} - allowed == set()


def test_an_import_is_found_wherever_it_hides():
    source = """
from __future__ import annotations
from typing import TYPE_CHECKING
import minigrad.nn as nn
if TYPE_CHECKING:
    from minigrad.train import fit
else:
    from minigrad import models
def late():
    from .tensor import Tensor
    from minigrad.ops import conv
"""
    assert set(imported_by(source, "minigrad.example")) == {
        *("__future__", "typing", "minigrad.nn", "minigrad.models", "minigrad.tensor", "minigrad.ops.conv"),
    }


def test_an_import_upward_is_noticed():
    assert may_import("minigrad.ops.conv", "minigrad.autograd")
    assert may_import("minigrad.ops.conv", "minigrad.ops.shape")
    assert not may_import("minigrad.tensor", "minigrad.ops.conv")
    assert not may_import("minigrad.nn.module", "minigrad.optim.sgd")
    assert not may_import("minigrad.ops.conv", "minigrad.backends.cpu")


HEAVY = ("numba", "llvmlite", "hypothesis", "matplotlib", "tqdm", "click", "safetensors", "pooch", "requests", "PIL")


@pytest.mark.parametrize(
    "program",
    [
        "import minigrad",
        "import minigrad as mg; mg.tensor([1.0, 2.0]); mg.empty(2); mg.from_numpy(mg.tensor([1]).numpy())",
        "import minigrad as mg; mg.nn; mg.optim; mg.data; mg.models; mg.cuda",
    ],
    ids=["import", "tensors", "subpackages"],
)
def test_what_is_heavy_is_imported_only_when_it_runs(program):
    code = f"import sys; {program}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
