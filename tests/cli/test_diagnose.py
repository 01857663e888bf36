"""`minigrad diagnose`, and what `minigrad train` says while it runs."""

import re

import numpy as np
import pytest

from minigrad.data import datasets

DIGITS = ("train", "--model", "mlp", "--data", "digits", "--epochs", 2, "--out", "run")


def test_a_healthy_run_is_told_in_a_line(minigrad, run):
    for path in (run, run / "history.jsonl"):
        assert minigrad("diagnose", path).lines == ["nothing looks wrong with this training"]
    assert minigrad("diagnose", run, "--labels").lines == ["nothing looks wrong with this training"]


def test_a_fault_is_said_once_in_training_and_afterwards_is_the_exit_code(minigrad):
    outcome = minigrad(*DIGITS, "--lr", 1e-7)
    assert outcome.code == 0
    said = [line for line in outcome.out.splitlines() if line.startswith("learning rate too low: the loss barely")]
    assert len(said) == 1
    assert "Finished epoch 1 / 2" in outcome.out.splitlines()[outcome.out.splitlines().index(said[0]) - 1]
    again = minigrad("diagnose", "run")
    assert (again.code, again.err) == (1, "")
    assert again.out.startswith("learning rate too low: the loss barely changes: from 2.")


def test_a_training_that_explodes_is_diagnosed_at_once(minigrad):
    outcome = minigrad(*DIGITS, "--lr", 1e30)
    assert outcome.code == 1
    verdict = outcome.out.splitlines()[-1]
    assert verdict.startswith("learning rate too high: the loss explodes: the cost is ")
    assert minigrad("diagnose", "run").out == f"{verdict}\n"


def test_images_whose_labels_are_suspect_are_listed(minigrad, run, monkeypatch):
    images, labels = datasets.digits().arrays
    wrong = np.arange(0, len(labels), 8)
    changed = datasets.digits()
    changed.arrays = (images, np.where(np.isin(np.arange(len(labels)), wrong), (labels + 5) % 10, labels))
    monkeypatch.setattr(datasets, "load", lambda *_: changed)
    outcome = minigrad("diagnose", run, "--labels")
    assert outcome.code == 1
    verdict, *lines = outcome.out.splitlines()
    assert verdict.startswith("suspect labels: the network is sure of another class for ")
    found = [re.fullmatch(r"  image ([\d,]+) of the data set: labelled (\d)", line).groups() for line in lines]
    assert len(found) == 10
    for number, label in found:
        number = int(number.replace(",", ""))
        assert number in wrong
        assert int(label) == (labels[number] + 5) % 10


def test_images_of_a_folder_are_listed_by_their_files(minigrad, tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    for level, name in ((50, "dark"), (200, "light")):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(40):
            image.new("RGB", (12, 10), (level + number,) * 3).save(tmp_path / "photos" / name / f"{number}.png")
    minigrad("train", "--model", "mlp", "--data", "photos", "--epochs", 5, "--out", "run")
    for number in range(6):
        (tmp_path / f"photos/dark/{number}.png").rename(tmp_path / f"photos/light/{50 + number}.png")
    outcome = minigrad("diagnose", "run", "--labels")
    assert re.search(r"\n  .*/photos/light/5\d\.png: labelled light\n", outcome.out)


WRONG = {
    "no run": (["diagnose"], "Missing argument 'RUN'. See 'minigrad diagnose --help'."),
    "no folder": (["diagnose", "x"], "x: there is no such history. See 'minigrad diagnose --help'."),
    "no history": (["diagnose", "."], "history.jsonl: there is no such history. See 'minigrad diagnose --help'."),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line(minigrad, arguments, message):
    outcome = minigrad(*arguments)
    assert outcome.error == message
    assert outcome.code == 2


def test_labels_need_weights(minigrad, run):
    (run / "weights.safetensors").unlink()
    assert "there are no weights" in minigrad("diagnose", run, "--labels").error
