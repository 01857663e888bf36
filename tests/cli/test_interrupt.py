"""Ctrl-C, in a real process."""

import re
import signal
import subprocess
import sys

import pytest

from minigrad.train import load_checkpoint


@pytest.fixture
def training(tmp_path):
    """A training that would take for ever."""
    options = ["--model", "mlp", "--data", "digits", "--epochs", "100000", "--out", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "minigrad", "train", *options],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


def test_ctrl_c_keeps_the_best_weights(training, tmp_path):
    while not training.stdout.readline().startswith("Finished epoch 3"):
        assert training.poll() is None
    training.send_signal(signal.SIGINT)
    out, err = training.communicate(timeout=60)
    assert training.returncode == 130
    assert err.strip() == "minigrad: interrupted"
    assert re.search(r"^the weights of epoch \d+, validation accuracy 0\.\d{4}, are in run$", out, re.MULTILINE)
    assert "test accuracy" not in out
    assert type(load_checkpoint(tmp_path / "run/weights.safetensors")[0]).__name__ == "MLP"
    assert (tmp_path / "run/curves.png").exists()
    assert (tmp_path / "run/history.csv").read_text().count("\n") >= 4
    assert not list((tmp_path / "run").glob(".*"))
