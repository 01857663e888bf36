"""No op and no CPU kernel calls NumPy's BLAS: it has threads of its own, which mg.set_num_threads does not know."""

import ast
from pathlib import Path

import pytest

import minigrad
import minigrad_kernels

PRODUCTS = {"dot", "einsum", "inner", "linalg", "matmul", "matvec", "outer", "tensordot", "vdot", "vecdot", "vecmat"}
FOLDERS = [
    *(Path(minigrad.__file__).parent / name for name in ("ops", "optim", "backends")),
    Path(minigrad_kernels.__file__).parent / "cpu",
]


def calls(source):
    """The products of NumPy that a module names, and its uses of @."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in PRODUCTS and getattr(node.value, "id", "") == "np":
            yield f"np.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "numpy":
            yield from (f"np.{name.name}" for name in node.names if name.name in PRODUCTS)
        if isinstance(node, ast.MatMult):
            yield "@"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_no_module_multiplies_with_numpy(folder):
    found = {path.name: [*calls(path.read_text())] for path in folder.rglob("*.py")}
    assert found
    assert {name: products for name, products in found.items() if products} == {}


def test_a_product_of_numpy_is_noticed():
    source = "import numpy as np\nfrom numpy import dot\nnp.linalg.norm(x)\nx @ y"
    assert sorted(calls(source)) == ["@", "np.dot", "np.linalg"]
