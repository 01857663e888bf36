import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_python_that_is_too_old_is_named_and_makes_nothing(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.10.13\n')
    python.chmod(0o755)
    run = make("lint", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
    assert run.returncode
    assert f"minigrad needs Python 3.11 or later, and {python} is Python 3.10.13;" in run.stderr
    assert not (tmp_path / "venv").exists()


def test_help_lists_every_target():
    targets = set(re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split())
    assert set(re.findall(r"make ([a-z-]+)", make("help").stdout)) == targets


def test_the_check_of_a_change_runs_everything():
    steps = (ROOT / ".ci/run").read_text()
    for target in ("test", "lint", "format-check", "types", "lines"):
        assert re.search(rf"\b{target}\b", steps)
