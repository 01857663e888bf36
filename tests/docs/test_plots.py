"""docs/plots.md names every function, and shows the pictures that the command draws."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

from minigrad.train import plots

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/plots.md").read_text()
SHOWN = sorted(re.findall(r"!\[[^]]+\]\(pictures/([\w.]+)\)", TEXT))


@pytest.mark.parametrize("name", sorted({*plots.__all__} - {"Drawn", "Predictions"}))
def test_every_function_is_described(name):
    assert f"`plots.{name}`" in TEXT


def test_pictures_are_small():
    assert [name for name in SHOWN if (ROOT / "docs/pictures" / name).stat().st_size > 60_000] == []


@pytest.mark.nightly
def test_the_command_draws_the_pictures_that_are_shown(tmp_path):
    """Of the same sizes: after a training on another processor, curves lie a little differently."""
    subprocess.run([sys.executable, "-W", "error", str(ROOT / "tools/draw_plots.py"), str(tmp_path)], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == SHOWN
    for name in SHOWN:
        assert imread(tmp_path / name).shape == imread(ROOT / "docs/pictures" / name).shape
