"""docs/layers.md names every layer, and its pictures are those that the command draws."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from minigrad import nn

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/layers.md").read_text()
LAYERS = [name for name, item in vars(nn).items() if inspect.isclass(item) and issubclass(item, nn.Module)]


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_described(name):
    assert re.search(rf"`nn\.{name}\b", TEXT)


def test_every_layer_that_is_described_exists():
    assert {name for name in re.findall(r"`nn\.(\w+)", TEXT) if not hasattr(nn, name)} == set()


def shown_in(documents):
    texts = [path.read_text() for path in (ROOT / "docs").glob(documents)]
    return sorted(name for text in texts for name in re.findall(r"!\[[^]]+\]\(pictures/([\w.]+)\)", text))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    command = [sys.executable, "-W", "error", str(ROOT / "tools/draw_layers.py"), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def test_every_picture_is_drawn_kept_and_shown(drawn):
    kept = sorted(path.name for path in (ROOT / "docs/pictures").iterdir())
    assert kept == shown_in("*.md")
    assert sorted(path.name for path in drawn.iterdir()) == shown_in("layers.md")


def test_the_pictures_kept_are_those_drawn(drawn):
    for path in drawn.iterdir():
        new, kept = imread(path), imread(ROOT / "docs/pictures" / path.name)
        out_of_date = f"{path.name} is out of date: run make docs-pictures"
        assert new.shape == kept.shape, out_of_date
        # Another processor may round another way, and shade a pixel differently.
        assert np.mean(np.abs(new - kept) > 0.2) < 0.001, out_of_date
