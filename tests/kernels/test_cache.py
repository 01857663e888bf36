"""Compiled kernels between processes: each test runs a tiny kernel of a copy of the package in processes of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad_kernels
from minigrad_kernels import cache

SOURCES = (
    "__init__.py",
    "cache.py",
    *[f"cpu/{name}.py" for name in ("__init__", "atomics", "compiler", "helper", "sharing")],
)

HELPERS = """
from minigrad_kernels.cpu.helper import helper

@helper
def times(x):
    return 2 * x
"""

KERNEL = """
from minigrad_kernels.cpu.compiler import kernel
from minigrad_kernels.cpu.helpers import times

@kernel("out T1", "in T1")
def _multiply(begin, end, worker, out, x):
    for i in range(begin, end):
        out[i] = times(x[i])
"""

RUN = """
import json, sys, warnings
import numba
import numpy as np
from minigrad_kernels import cache
from minigrad_kernels.cpu import compiler, tiny

compiled = []
compiler.compile_listeners.append(lambda name, dtype, seconds: seconds and compiled.append(f"{name}-{dtype}"))
numbas_own_directory = numba.config.CACHE_DIR
results = []
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for dtype in sys.argv[1:]:
        x = np.arange(3, dtype=dtype)
        out = np.empty_like(x)
        tiny._multiply(0, 3, 0, out, x)
        results.append(out.tolist())
assert numba.config.CACHE_DIR == numbas_own_directory
print(json.dumps({
    "results": results,
    "compiled": compiled,
    "warnings": [f"{w.category.__name__}: {w.message}" for w in caught],
    "directory": str(cache.kernel_cache().directory),
}))
"""


class Package:
    """A copy of the package with one kernel in it, and an empty cache directory."""

    def __init__(self, path: Path) -> None:
        self.root = path / "cache"
        self.source = path / "source" / "minigrad_kernels"
        for name in SOURCES:
            (self.source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(minigrad_kernels.__file__).parent / name, self.source / name)
        (self.source / "cpu/helpers.py").write_text(HELPERS)
        (self.source / "cpu/tiny.py").write_text(KERNEL)

    def start(self, *dtypes: str, **environment: str | None) -> subprocess.Popen:
        variables = {
            **os.environ,
            "PYTHONPATH": str(self.source.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MINIGRAD_CACHE_DIR": str(self.root),
            **environment,
        }
        variables = {name: value for name, value in variables.items() if value is not None}
        command = [sys.executable, "-c", RUN, *dtypes]
        return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True)

    def run(self, *dtypes: str, **environment: str | None) -> dict:
        return finish(self.start(*dtypes, **environment))

    def files(self) -> list[Path]:
        return sorted(self.root.glob("kernels-*/*.bin"))


def finish(process: subprocess.Popen) -> dict:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return json.loads(output)


@pytest.fixture
def package(tmp_path):
    return Package(tmp_path)


def assert_runs_uncached(report: dict, reason: str) -> None:
    assert report["results"] == [[0, 2, 4]] * 2
    assert len(report["compiled"]) == 2
    (warning,) = report["warnings"]
    assert warning.startswith("KernelCacheWarning: compiled kernels cannot be kept")
    assert reason in warning


def test_second_process_loads_what_the_first_compiled(package):
    before = sorted(package.source.rglob("*"))
    first = package.run("float32", "float64")
    second = package.run("float32", "float64")
    assert first["compiled"] == ["cpu.tiny._multiply-float32", "cpu.tiny._multiply-float64"]
    assert second["compiled"] == []
    assert first["results"] == second["results"] == [[0, 2, 4]] * 2
    assert first["warnings"] == second["warnings"] == []
    assert sorted(package.source.rglob("*")) == before, "an installation may be read-only"


def test_directory_is_private(package):
    package.run("float32")
    (directory,) = package.root.iterdir()
    assert package.root.stat().st_mode & 0o777 == directory.stat().st_mode & 0o777 == 0o700


def test_processes_that_start_together_compile_once(package):
    orders = [("float32", "float64"), ("float64", "float32")]
    reports = [finish(process) for process in [package.start(*order) for order in orders]]
    assert all(report["results"] == [[0, 2, 4]] * 2 for report in reports)
    compiled = [name for report in reports for name in report["compiled"]]
    assert sorted(compiled) == ["cpu.tiny._multiply-float32", "cpu.tiny._multiply-float64"]


def truncate(contents: bytes) -> bytes:
    return contents[: len(contents) // 2]


def flip_a_bit(contents: bytes) -> bytes:
    middle = len(contents) // 2
    return contents[:middle] + bytes([contents[middle] ^ 1]) + contents[middle + 1 :]


def replace_the_pickle(contents: bytes) -> bytes:
    return cache.digest("cpu.tiny._multiply-float32", b"no pickle") + b"no pickle"


@pytest.mark.parametrize("damage", [truncate, flip_a_bit, replace_the_pickle, lambda contents: b""])
def test_damaged_file_is_compiled_again(package, damage):
    package.run("float32")
    (file,) = package.files()
    file.write_bytes(damage(file.read_bytes()))
    report = package.run("float32")
    assert report["results"] == [[0, 2, 4]]
    assert len(report["compiled"]) == 1
    assert report["warnings"] == []
    assert package.run("float32")["compiled"] == []


def test_a_file_in_another_s_place_is_compiled_again(package):
    """Had it the same signature, it would run, and compute something else."""
    package.run("float32", "float64")
    first, second = package.files()
    first.write_bytes(second.read_bytes())
    report = package.run("float32", "float64")
    assert report["results"] == [[0, 2, 4]] * 2
    assert report["compiled"] == [first.stem]


def test_edited_source_of_a_helper_changes_the_directory(package):
    before = package.run("float32")
    helpers = package.source / "cpu/helpers.py"
    helpers.write_text(helpers.read_text().replace("2 * x", "3 * x"))
    after = package.run("float32")
    assert after["results"] == [[0, 3, 6]]
    assert after["directory"] != before["directory"]


def test_directories_unused_for_a_month_are_removed(package):
    names = ["kernels-" + "0" * 24, "kernels-" + "1" * 24, "kernels-of-somebody"]
    for name in names:
        (package.root / name).mkdir(parents=True)
    package.root.chmod(0o700)
    for name in (names[0], names[2]):
        os.utime(package.root / name, (0, 0))
    used = Path(package.run()["directory"])
    assert {path.name for path in package.root.iterdir()} == {*names[1:], used.name}


@pytest.mark.parametrize("variable", ["NUMBA_BOUNDSCHECK", "NUMBA_OPT", "MINIGRAD_SIMD_BITS"])
def test_flags_change_the_directory(package, variable):
    plain = package.run(**{variable: None})
    flagged = package.run(**{variable: "1"})
    assert plain["directory"] != flagged["directory"]


def test_without_a_writable_directory_kernels_run_uncached(package):
    package.root = Path("/proc/minigrad")  # nobody can make directories there
    assert_runs_uncached(package.run("float32", "float64"), "/proc/minigrad")


def test_without_a_usable_home_kernels_run_uncached(package):
    environment = {"MINIGRAD_CACHE_DIR": None, "XDG_CACHE_HOME": None, "HOME": "/dev/null"}
    assert_runs_uncached(package.run("float32", "float64", **environment), "/dev/null")


def test_without_a_home_nothing_is_made_in_the_current_directory(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MINIGRAD_CACHE_DIR", raising=False)
    monkeypatch.setattr(cache.platformdirs, "user_cache_path", lambda name: Path("~/.cache") / name)
    with pytest.warns(cache.KernelCacheWarning, match="no home directory"):
        assert cache.KernelCache().directory is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inner", [False, True])
def test_directory_that_others_can_write_is_refused(package, inner):
    package.run("float32")
    (directory,) = package.root.iterdir()
    (directory if inner else package.root).chmod(0o777)
    assert_runs_uncached(package.run("float32", "float64"), "can be written by other users")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a directory away")
@pytest.mark.parametrize("inner", [False, True])
def test_directory_of_somebody_else_is_refused(package, inner):
    package.run("float32")
    (directory,) = package.root.iterdir()
    os.chown(directory if inner else package.root, 12345, 12345)
    assert_runs_uncached(package.run("float32", "float64"), "belongs to another user")


def test_full_disk_is_one_warning(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGRAD_CACHE_DIR", str(tmp_path))
    kernels = cache.KernelCache()

    def no_space(**options):
        raise OSError("No space left on device")

    monkeypatch.setattr(cache.tempfile, "NamedTemporaryFile", no_space)
    with pytest.warns(cache.KernelCacheWarning, match="No space left"):
        kernels.save("name", b"data")
    kernels.save("name", b"data")
    with kernels.lock("name"):
        assert kernels.load("name") is None
