import csv
import json
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from minigrad.train import Epoch, History, Step, load_checkpoint, load_history, load_weights
from tests.data.copies import images_and_labels, records, write_mnist

DIGITS = ("train", "--data", "digits", "--epochs", 1)


def history_of(folder):
    return load_history(folder / "history.jsonl")


def test_training_ends_with_the_accuracy_on_the_test_set(trained_once):
    folder, outcome = trained_once
    first, *epochs, best, last = outcome.lines
    assert first == "digits: 1,258 images to train, 269 to validate, 270 to test; 1x8x8, 10 classes"
    for number, line in enumerate(epochs, start=1):
        assert re.fullmatch(rf"Finished epoch {number} / 2: cost \d\.\d{{4}}, train: .*, val .*, lr .*", line)
    assert len(epochs) == 2
    assert re.fullmatch(rf"the weights of epoch 2, validation accuracy 0\.\d{{4}}, are in {folder}", best)
    assert re.fullmatch(r"test accuracy: 0\.\d{4}", last)
    assert float(last.split()[-1]) > 0.6


def test_a_run_leaves_weights_history_curves_settings_and_the_result(trained_once):
    folder, outcome = trained_once
    assert {path.name for path in folder.iterdir()} == {
        *("weights.safetensors", "history.jsonl", "history.csv", "curves.png", "settings.json", "result.json"),
        *("checkpoints", "test-reads.jsonl", "preprocessing.safetensors"),
    }
    history = history_of(folder)
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert len(history.epochs) == len(rows) == 2
    assert float(rows[1]["val_accuracy"]) == history.epochs[1].val_accuracy
    assert len(history.steps) == 2 * -(-1258 // 32)
    settings = json.loads((folder / "settings.json").read_text())
    assert (settings["model"], settings["lr"], settings["seed"]) == ("mlp", 0.02, 0)
    result = json.loads((folder / "result.json").read_text())
    assert outcome.lines[-1] == f"test accuracy: {result['test_accuracy']:.4f}"


def test_the_rate_falls_along_a_cosine(trained_once):
    assert [epoch.lr for epoch in history_of(trained_once[0]).epochs] == pytest.approx([0.02, 0.01])


def test_a_checkpoint_holds_what_using_it_takes(trained_once):
    network, description = load_checkpoint(trained_once[0] / "weights.safetensors")
    assert type(network).__name__ == "MLP"
    assert description.arguments == {"in_shape": (1, 8, 8), "classes": 10}
    assert description.classes == tuple("0123456789")
    assert description.data == "digits"
    assert type(description.preprocessing).__name__ == "ChannelMean"
    assert description.preprocessing.mean_ == pytest.approx(0.3053, abs=2e-3)


def test_runs_are_numbered_and_named_ones_are_never_overwritten(minigrad, tmp_path):
    for _ in range(3):
        assert minigrad(*DIGITS, "--model", "mlp").lines
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["mlp-digits", "mlp-digits-2", "mlp-digits-3"]
    before = (tmp_path / "runs/mlp-digits/weights.safetensors").stat()
    outcome = minigrad(*DIGITS, "--model", "mlp", "--out", "runs/mlp-digits")
    assert outcome.error == "--out: runs/mlp-digits exists and is not empty; name another folder, or remove it"
    assert (tmp_path / "runs/mlp-digits/weights.safetensors").stat() == before


def test_equal_seeds_train_equal_weights_and_others_do_not(minigrad):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        minigrad(*DIGITS, "--model", "mlp", "--seed", seed, "--out", name)
    a, b, c = (load_weights(f"{name}/weights.safetensors")[0]["fc1.weight"] for name in "abc")
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_options_reach_the_training(minigrad, tmp_path):
    options = ("--lr", 0.5, "--momentum", 0, "--batch-size", 300, "--workers", 2)
    assert minigrad(*DIGITS, "--model", "mlp", "--out", "other", *options).lines
    history = history_of(tmp_path / "other")
    assert history.epochs[0].lr == 0.5
    assert len(history.steps) == 5
    norms = []
    for name, option in (("plain", "--lr=0.02"), ("decayed", "--weight-decay=1"), ("slow", "--momentum=0")):
        minigrad(*DIGITS, "--model", "mlp", "--out", name, option)
        norms.append(np.linalg.norm(load_weights(f"{name}/weights.safetensors")[0]["fc1.weight"]))
    assert norms[1] < 5 < 14 < min(norms[0], norms[2])
    assert norms[0] != norms[2]


def test_a_local_copy_is_used_and_says_how_much_of_it_there_is(minigrad, tmp_path, caplog):
    write_mnist(tmp_path / "copy", count=60)
    lines = minigrad("train", "--model", "lenet", "--data", "mnist", "--data-dir", "copy", "--epochs", 1).lines
    assert lines[0] == "mnist: 54 images to train, 6 to validate, 3 to test; 1x28x28, 10 classes"
    assert "mnist: 60 of 60,000 images to train" in caplog.text


def test_colour_images_have_three_means(minigrad, tmp_path):
    images, labels = images_and_labels(60, (3, 32, 32))
    images //= np.array([1, 2, 4], np.uint8)[:, None, None]
    for name in ("data_batch_1.bin", "test_batch.bin"):
        (tmp_path / name).write_bytes(records(images, labels))
    options = ("--data-dir", ".", "--epochs", 1, "--out", "run")
    assert minigrad("train", "--model", "convnet", "--data", "cifar10", *options).code == 0
    mean = load_checkpoint("run/weights.safetensors")[1].preprocessing.mean_.ravel()
    assert mean == pytest.approx([0.5, 0.25, 0.125], abs=0.01)


@pytest.fixture
def photos(tmp_path):
    """Ten images each of two classes, of different brightness."""
    image = pytest.importorskip("PIL.Image")
    for folder in ("photos", "parted/train", "parted/test"):
        for level, name in ((50, "dark"), (200, "light")):
            (tmp_path / folder / name).mkdir(parents=True)
            for number in range(10):
                image.new("RGB", (12, 10), (level + number,) * 3).save(tmp_path / folder / name / f"{number}.png")
    return tmp_path


def test_a_folder_of_images_is_split_in_three(minigrad, photos):
    lines = minigrad("train", "--model", "mlp", "--data", "photos", "--epochs", 1).lines
    assert lines[0] == "photos: 14 images to train, 3 to validate, 3 to test; 1x28x28, 2 classes"
    description = load_checkpoint("runs/mlp-photos/weights.safetensors")[1]
    assert description.classes == ("dark", "light")
    assert description.data == str((photos / "photos").resolve())


def test_a_folder_with_a_test_set_is_split_in_two(minigrad, photos):
    lines = minigrad("train", "--model", "convnet", "--data", "parted", "--epochs", 1).lines
    assert lines[0] == "parted: 18 images to train, 2 to validate, 20 to test; 3x32x32, 2 classes"


def test_a_test_set_of_other_classes_is_refused(minigrad, photos):
    (photos / "parted/test/dark").rename(photos / "parted/test/black")
    error = minigrad("train", "--model", "convnet", "--data", "parted").error
    assert error == "--data: parted/train and parted/test must hold folders of the same names"


WRONG = {
    "no model": (["train", "--data", "digits"], 2, "Missing option '--model'. See 'minigrad train --help'."),
    "unknown model": ([*DIGITS, "--model", "gpt"], 1, "--model: no network is called 'gpt'; there are convnet, "),
    "unknown data": (["train", "--model", "mlp", "--data", "x"], 1, "--data: x is no folder, and no data set; those"),
    "no such device": ([*DIGITS, "--model", "mlp", "--device", "tpu"], 1, "device: 'tpu' is not available here"),
    "no epochs": (["train", "--model", "mlp", "--data", "digits", "--epochs", 0], 2, "Invalid value for '--epochs': 0"),
    "no number": ([*DIGITS, "--model", "mlp", "--lr", "fast"], 2, "Invalid value for '--lr': 'fast' is not a valid"),
    "rate": ([*DIGITS, "--model", "mlp", "--lr", "nan"], 1, "SGD: lr must be a number of at least 0, got nan"),
    "image too small": ([*DIGITS, "--model", "lenet"], 1, "LeNet: nothing is left of an image (1, 8, 8)"),
    "no copy": (
        ["train", "--model", "mlp", "--data", "mnist", "--data-dir", "x"],
        1,
        "mnist: x is no folder; --data-dir",
    ),
    "two folders": (["train", "--model", "mlp", "--data", ".", "--data-dir", "."], 1, "--data-dir: it goes with the"),
    "no images": (["train", "--model", "mlp", "--data", "."], 1, "ImageFolder: . must hold a folder of images for"),
}


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line_and_leaves_nothing(minigrad, tmp_path, arguments, code, message):
    outcome = minigrad(*arguments)
    assert outcome.error.startswith(message)
    assert outcome.code == code
    assert not [*tmp_path.iterdir()]


def test_a_training_that_explodes_says_so_and_keeps_no_weights(minigrad, tmp_path):
    outcome = minigrad(*DIGITS, "--model", "mlp", "--lr", 1e30, "--out", "run")
    assert outcome.error.startswith("fit: the cost is ")
    assert not (tmp_path / "run/weights.safetensors").exists()


def test_without_matplotlib_there_are_no_curves_and_a_line_says_why(minigrad, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    outcome = minigrad(*DIGITS, "--model", "mlp", "--out", "run")
    assert outcome.code == 0
    assert outcome.err.startswith("no curves: plot_history: matplotlib is not installed")
    assert not (tmp_path / "run/curves.png").exists()
    assert (tmp_path / "run/weights.safetensors").exists()


def test_the_weights_that_are_saved_and_tested_are_those_of_the_best_epoch(minigrad, tmp_path, monkeypatch):
    """Weights of zero find every image a 0, of which there are 27 among the 270 that are kept for testing."""

    def fit(network, *_, on_epoch, num_workers, **__):
        assert num_workers == 3
        zeros = {name: np.zeros_like(value.numpy()) for name, value in network.state_dict().items()}
        history = History([Step(1.0, 1.0, 0.0, 0.5, 0.1)] * 2, best_state=zeros)
        for accuracy in (0.5, 0.25):
            history.epochs.append(Epoch(1.0, 0.5, 1.0, accuracy, 0.1))
            on_epoch(SimpleNamespace(history=history, step=2, said=set()))
        return history

    monkeypatch.setattr("minigrad.cli.train.fit", fit)
    *_, best, last = minigrad(*DIGITS, "--model", "mlp", "--out", "run", "--workers", 3).lines
    assert best == "the weights of epoch 1, validation accuracy 0.5000, are in run"
    assert last == f"test accuracy: {27 / 270:.4f}"
    assert not load_weights("run/weights.safetensors")[0]["fc1.weight"].any()


def test_ctrl_c_before_an_epoch_has_ended_keeps_the_weights_so_far(minigrad, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("minigrad.cli.train.fit", interrupted)
    outcome = minigrad(*DIGITS, "--model", "mlp", "--out", "run")
    assert outcome.code == 130
    assert outcome.err.strip() == "minigrad: interrupted"
    assert outcome.out.endswith("no epoch has ended; the weights so far are in run\n")
    assert load_checkpoint(tmp_path / "run/weights.safetensors")
