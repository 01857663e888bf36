"""`minigrad check`."""

import numpy as np
import pytest

from minigrad.cli import check as command
from minigrad.data import datasets
from tests.data.copies import write_mnist

DIGITS = ("check", "--model", "mlp", "--data", "digits")
NAMES = [
    *("centred inputs", "separate validation", "first loss", "regularisation", "gradients", "dead units"),
    *("overfitting", "update ratio"),
]


def test_a_sound_network_passes_with_a_line_for_each_check(minigrad, tmp_path):
    *lines, last = minigrad(*DIGITS).lines
    assert [line.partition(": expected ")[0] for line in lines] == [f"pass  {name}" for name in NAMES]
    assert all("; found " in line for line in lines)
    assert last == "8 passed, 0 failed, 0 skipped"
    assert not [*tmp_path.iterdir()]


def test_what_fails_says_what_to_do_and_is_the_exit_code(minigrad):
    outcome = minigrad(*DIGITS, "--lr", 1e-6)
    assert (outcome.code, outcome.err) == (1, "")
    *_, line, last = outcome.out.splitlines()
    assert line.startswith("FAIL  update ratio: expected ")
    assert line.endswith("; raise the learning rate")
    assert last == "7 passed, 1 failed, 0 skipped"


def test_options_reach_the_checks(minigrad):
    lines = minigrad(*DIGITS, "--loss", "svm", "--lr", 0.005).lines
    assert "expected 9 (10 - 1) within 50%" in lines[2]
    assert "for all of 32 examples" in minigrad(*DIGITS, "--batch-size", 32).lines[5]
    assert minigrad(*DIGITS, "--seed", 1).lines[2] != minigrad(*DIGITS).lines[2] == minigrad(*DIGITS).lines[2]
    ratios = [minigrad(*DIGITS, option).lines[7] for option in ("--lr=0.02", "--momentum=0", "--weight-decay=0.1")]
    assert len(set(ratios)) == 3


def test_validation_examples_that_are_trained_on_are_found(minigrad, monkeypatch):
    images, labels = datasets.digits().arrays
    doubled = datasets.digits()
    doubled.arrays = (np.r_[images, images], np.r_[labels, labels])
    monkeypatch.setattr(datasets, "load", lambda *_: doubled)
    outcome = minigrad(*DIGITS)
    assert outcome.code == 1
    assert "FAIL  separate validation: expected no validation example among those to train; found " in outcome.out


def test_a_local_copy_is_used(minigrad, tmp_path):
    write_mnist(tmp_path / "copy", count=60)
    outcome = minigrad("check", "--model", "mlp", "--data", "mnist", "--data-dir", "copy")
    assert outcome.code in (0, 1)
    assert len(outcome.out.splitlines()) == len(NAMES) + 1


WRONG = {
    "no model": (["check", "--data", "digits"], "Missing option '--model'. See 'minigrad check --help'."),
    "unknown model": (["check", "--model", "gpt", "--data", "digits"], "model: no network is called 'gpt'; there are "),
    "unknown data": (["check", "--model", "mlp", "--data", "x"], "--data: x is no folder, and no data set; those are "),
    "unknown loss": ([*DIGITS, "--loss", "mse"], "Invalid value for '--loss': 'mse' is not one of 'softmax', 'svm'."),
    "no such device": ([*DIGITS, "--device", "gpu"], "to: device 'gpu' is not available here"),
    "rate": ([*DIGITS, "--lr", "nan"], "SGD: lr must be a number of at least 0, got nan. See 'minigrad check --help'."),
    "image too small": (["check", "--model", "lenet", "--data", "digits"], "LeNet: nothing is left of an image (1, 8"),
    "batch of one": ([*DIGITS, "--batch-size", 1], "check: batch_size must be an integer of at least 2, got 1."),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_checked_is_told_apart_from_what_fails(minigrad, arguments, message):
    outcome = minigrad(*arguments)
    assert outcome.error.startswith(message)
    assert (outcome.code, outcome.out) == (2, "")


def test_a_file_that_cannot_be_read_is_told_apart_too(minigrad, monkeypatch):
    def unreadable(*_):
        raise PermissionError(13, "Permission denied", "images")

    monkeypatch.setattr(command.sets, "load_sets", unreadable)
    outcome = minigrad(*DIGITS)
    assert outcome.error == "[Errno 13] Permission denied: 'images'. See 'minigrad check --help'."
    assert outcome.code == 2
