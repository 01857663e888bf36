import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = [path.read_text() for path in sorted((ROOT / "requirements").glob("*.lock"))]
CUDA, DEV, ONNX = LOCKS


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("minigrad-*-py3-none-any.whl")
    with zipfile.ZipFile(path) as file:
        return set(file.namelist())


def test_the_wheel_holds_both_packages_and_what_they_read(wheel):
    assert {
        "minigrad/py.typed",
        "minigrad/errors.py",
        "minigrad/data/files/digits.npz",
        "minigrad/data/files/README.md",
        "minigrad_kernels/__init__.py",
        "minigrad_kernels/py.typed",
        "minigrad_kernels/cpu/__init__.py",
        "minigrad_kernels/reference/__init__.py",
    } <= wheel
    assert any(name.endswith("/licenses/LICENSE") for name in wheel)


def test_the_wheel_holds_nothing_else(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"minigrad", "minigrad_kernels"}
    assert not [name for name in wheel if name.endswith((".pyc", ".nbi", ".nbc"))]


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
    # No lock has it, for nothing but `make bench` needs it.
    assert extras.pop("bench") == [*extras["plot"], "torch==2.13.0"]
    needed = [*project["dependencies"], "hatchling", "editables"]
    for_cuda = [*needed, *extras.pop("cuda"), *extras.pop("cuda-test")]
    for_onnx = [*needed, *extras["onnx"], *extras.pop("onnx-test")]
    for lock, declared in ((CUDA, for_cuda), (ONNX, for_onnx), (DEV, sum(extras.values(), needed))):
        locked = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
        assert {re.match(r"[\w-]+", line)[0] for line in declared} <= locked
