import re
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [path.read_text() for path in sorted((ROOT / "requirements").glob("*.lock"))]
CUDA, DEV, ONNX = LOCKS


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as file:
        return set(file.namelist())


def test_the_wheel_holds_both_packages_and_what_they_read(names):
    assert {
        "minigrad/py.typed",
        "minigrad/errors.py",
        "minigrad/data/files/digits.npz",
        "minigrad/data/files/README.md",
        "minigrad_kernels/__init__.py",
        "minigrad_kernels/py.typed",
        "minigrad_kernels/cpu/__init__.py",
        "minigrad_kernels/reference/__init__.py",
    } <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_wheel_holds_nothing_else(names):
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"minigrad", "minigrad_kernels"}
    assert not [name for name in names if name.endswith((".pyc", ".nbi", ".nbc"))]


@pytest.mark.parametrize("lock", LOCKS, ids=["cuda", "dev", "onnx"])
def test_the_lock_names_no_address(lock):
    assert not re.search(r"://|file:|@|^\s*-", re.sub(r"--hash=sha256:", "", lock), re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=["cuda", "dev", "onnx"])
def test_every_locked_requirement_is_exact_and_hashed(lock):
    entries = re.sub(r" \\\n\s+", " ", re.sub(r"^#.*\n", "", lock, flags=re.MULTILINE)).splitlines()
    assert entries
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+( --hash=sha256:[0-9a-f]{64})+", entry)


def test_the_locks_hold_every_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    # No lock has these, for nothing but `make bench` and `make reliability` needs them.
    assert extras.pop("bench") == [*extras["plot"], "torch==2.13.0"]
    assert [line for name in ("campaign", "fuzz") for line in extras.pop(name)] == ["coverage>=7.6", "atheris>=2.3"]
    needed = [*project["dependencies"], "hatchling", "editables"]
    for_cuda = [*needed, *extras.pop("cuda"), *extras.pop("cuda-test")]
    for_onnx = [*needed, *extras["onnx"], *extras.pop("onnx-test")]
    for lock, declared in ((CUDA, for_cuda), (ONNX, for_onnx), (DEV, sum(extras.values(), needed))):
        locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
        assert {re.match(r"[\w-]+", line)[0] for line in declared} <= locked
