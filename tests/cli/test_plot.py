"""`plot`: what is drawn of a run, and what is said of the rest."""

import re
import shutil
import sys

from minigrad.errors import DataError
from minigrad.train.plots import predict

PICTURES = {
    "loss": "loss.png",
    "accuracy": "accuracy.png",
    "learning rate": "learning-rate.png",
    "activations": "activations.png",
    "update ratios": "update-ratios.png",
    "first layer weights": "first-layer-weights.png",
    "confusion matrix": "confusion-matrix.png",
    "worst mistakes": "worst-mistakes.png",
}


def listed(lines):
    return dict(re.split(" {2,}", line, maxsplit=1) for line in lines)


def test_all_pictures_of_a_run_are_drawn_of_its_validation_set(minigrad, run, monkeypatch):
    seen = []

    def watched(model, dataset):
        seen.append(dataset)
        return predict(model, dataset)

    monkeypatch.setattr("minigrad.train.plots.everything.predict", watched)
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    outcome = listed(minigrad("plot", run).lines)
    assert outcome == {name: str(run / "plots" / file) for name, file in PICTURES.items()}
    assert sorted(path.name for path in (run / "plots").iterdir()) == sorted(PICTURES.values())
    (images,) = seen  # once, for both pictures
    assert len(images) == 269
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_a_run_without_weights_has_its_curves(minigrad, run):
    (run / "weights.safetensors").unlink()
    outcome = listed(minigrad("plot", run).lines)
    assert outcome["loss"] == str(run / "plots/loss.png")
    assert outcome["activations"] == str(run / "plots/activations.png")
    for name in ("first layer weights", "confusion matrix", "worst mistakes"):
        assert outcome[name].startswith(f"not drawn: {run}: there are no weights")


def test_a_run_without_a_history_or_data_has_its_weights(minigrad, run, monkeypatch):
    def gone(*_):
        raise DataError("digits: they are gone")

    (run / "history.jsonl").unlink()
    monkeypatch.setattr("minigrad.cli.sets.load_sets", gone)
    outcome = listed(minigrad("plot", run).lines)
    assert outcome["loss"] == f"not drawn: {run / 'history.jsonl'}: there is no such history"
    assert outcome["first layer weights"] == str(run / "plots/first-layer-weights.png")
    assert outcome["confusion matrix"] == "not drawn: digits: they are gone"
    damaged = shutil.copytree(run, run.parent / "damaged")
    (damaged / "weights.safetensors").write_text("no weights" * 9)
    (damaged / "history.jsonl").write_text("{\x1b\n")
    outcome = listed(minigrad("plot", damaged).lines)
    assert "line 1 is no record of a history" in outcome["loss"]
    assert "this is no file of weights, or it is damaged" in outcome["confusion matrix"]
    assert all(text.isprintable() and text.startswith("not drawn: ") for text in outcome.values())


def test_settings_that_are_damaged_are_said_where_they_are_needed(minigrad, run):
    (run / "settings.json").write_text("{")
    outcome = listed(minigrad("plot", run).lines)
    assert "settings.json is damaged" in outcome["worst mistakes"]
    assert outcome["accuracy"] == str(run / "plots/accuracy.png")


def test_what_is_no_run_is_one_line(minigrad, tmp_path):
    error = minigrad("plot", "nothing").error
    assert error == "nothing: there is nothing to draw; RUN is a folder that `minigrad train` made"
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_a_line_names_the_extra(minigrad, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert minigrad("plot", run).error.startswith("plots: matplotlib is not installed; install it, or minigrad with")
