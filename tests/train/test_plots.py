import sys

import pytest

from minigrad.errors import MinigradError
from minigrad.train import Epoch, History, Step, plot_history

HISTORY = History(
    steps=[Step(cost, cost, 0.0, 0.5, 0.1) for cost in (2.0, 1.5, 1.0, 0.8)],
    epochs=[Epoch(1.75, 0.5, 1.2, 0.6, 0.1), Epoch(0.9, 0.8, 1.1, 0.7, 0.1)],
)


def test_the_curves_are_a_png_in_a_folder_made_for_it(tmp_path):
    path = plot_history(HISTORY, tmp_path / "deep" / "curves.png")
    assert path == tmp_path / "deep" / "curves.png"
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_drawing_leaves_the_global_state_of_matplotlib_alone(tmp_path):
    plot_history(HISTORY, tmp_path / "curves.png")
    assert "matplotlib.pyplot" not in sys.modules


def test_an_empty_history_is_refused(tmp_path):
    with pytest.raises(MinigradError, match="at least one epoch"):
        plot_history(History(), tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MinigradError, match=r"matplotlib is not installed.*extra 'plot'"):
        plot_history(HISTORY, tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())
