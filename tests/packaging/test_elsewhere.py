"""The wheel in an empty environment, in somebody else's project: a wrong gradient is found, a right one passes."""

import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest

OURS = ("minigrad", "__editable__", "_minigrad", "__pycache__")
OP = """
import numpy as np
import minigrad as mg

CUBE = mg.Op("cube", ("x",), infer=lambda x: x, vjp={"x": lambda grad, x: grad * FACTOR * x * x})
mg.register_kernel(CUBE, "cpu", lambda out, x: np.power(x, 3, out=out))

def cube(x):
    return mg.apply(CUBE, (x,))
"""
TEST = """
from cubes import CUBE, cube
from minigrad.testing import OpSpec, check_op
from minigrad.testing.fills import floats
from minigrad.testing.strategies import filled

SPEC = OpSpec("cube", cube, filled(floats), CUBE, reference=lambda x: x**3)

def test_cube():
    check_op(SPEC)

def test_cube_at_a_point(gradcheck):
    gradcheck(cube, [[1.0, 2.0]], order=2)
"""


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """An interpreter that has the wheel, and of what is installed here all but this project: no index is asked."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(OURS) and entry.suffix != ".pth":
            (Path(paths["purelib"]) / entry.name).symlink_to(entry)
    interpreter = Path(paths["scripts"]) / "python"
    install = [interpreter, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel]
    subprocess.run(install, check=True, env=clean(), capture_output=True)
    return interpreter


def clean():
    """The environment variables of somebody who has never seen this repository."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))}


def run_tests(python, folder, factor):
    (folder / "cubes.py").write_text(OP.replace("FACTOR", factor))
    (folder / "test_cubes.py").write_text(TEST)
    command = [python, "-m", "pytest", "-p", "no:cacheprovider", "--minigrad-profile=ci"]
    return subprocess.run(command, cwd=folder, env=clean(), capture_output=True, text=True, check=False)


def test_a_wrong_gradient_is_found_and_a_right_one_passes(python, tmp_path):
    wrong = run_tests(python, tmp_path, "2.0")
    assert wrong.returncode == 1, wrong.stderr
    assert "cube: the gradient is wrong at input 0, index (), for output 0, index (): analytic 0." in wrong.stdout
    for line in (
        "from test_cubes import SPEC",
        "sample = SPEC.sample(0, shape=())\n",
        "properties.gradient(SPEC, sample)",
    ):
        assert f"\nE       {line}" in wrong.stdout
    assert "2 failed" in wrong.stdout
    right = run_tests(python, tmp_path, "3.0")
    assert (right.returncode, "2 passed" in right.stdout) == (0, True), right.stdout + right.stderr


def test_the_copy_that_ran_was_the_wheel_s(python, tmp_path):
    code = "import minigrad, sys; print(minigrad.__file__.startswith(sys.prefix))"
    done = subprocess.run([python, "-c", code], cwd=tmp_path, env=clean(), capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
