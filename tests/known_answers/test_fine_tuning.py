"""Weights that others have trained are worth more than new ones where few images have labels."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("MINIGRAD_SHARED_DATA") or ROOT.parent / "shared" / "data")


def test_a_network_for_mnist_is_a_good_start_for_digits_of_others(tmp_path):
    """The example asserts it; the margin here is half of what is seen with 2 and 10 labels of each class."""
    path = SHARED / "pretrained" / "pretrained_mnist_ccexam.npz"
    if not path.exists():
        pytest.skip(f"no {path.name} in $MINIGRAD_SHARED_DATA or in ../shared/data beside the repository")
    command = [sys.executable, ROOT / "examples/fine_tuning.py", "--smoke", "--weights", path]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    gains = [float(text) for text in run.stdout.splitlines()[-1].split()[2:]]
    assert len(gains) == 2
    assert sum(gains) > 0.1
