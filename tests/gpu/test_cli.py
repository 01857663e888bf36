"""The command on the device: a network is trained, tested, asked about images, trained on, and checked."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from minigrad.cli import main, predict
from minigrad.data import datasets
from minigrad.train.checks import learning

GPU = ("--device", "cuda")


def minigrad(*arguments, code=0):
    """The lines that a command prints."""
    result = CliRunner().invoke(main, [str(item) for item in arguments], prog_name="minigrad")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == code, result.output
    return result.stdout.splitlines()


def minigrad_there(log, *arguments, **options):
    """The same, of a command that computes on the device."""
    log.clear()
    lines = minigrad(*arguments, **options)
    assert any(entry.startswith("launch") for entry in log)
    return lines


def test_a_network_is_trained_there_and_used_there_and_here(log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = ("--epochs", 2, "--batch-size", 400, "--lr", 0.1, "--out", "run", *GPU)
    trained = minigrad_there(log, "train", "--model", "mlp", "--data", "digits", *settings)
    first, second = (re.fullmatch(r"Finished epoch . / 2: cost (\S+), train: .*", line) for line in trained[1:3])
    assert float(second[1]) < float(first[1]) < 2.4

    tested = minigrad_there(log, "eval", "run", *GPU)
    assert tested == minigrad("eval", "run")
    assert tested[-1] == trained[-1]

    images = [datasets.digits()[number][0] for number in range(5)]
    monkeypatch.setattr(predict, "read_image", lambda path, *_: images[int(path.name)])  # Pillow is an extra
    question = ("predict", "run", *range(5), "--top", 1)
    answers = minigrad_there(log, *question, *GPU)
    assert len(answers) == 5
    assert answers == minigrad(*question)

    weights = Path("run/weights.safetensors").read_bytes()
    shutil.rmtree(max(Path("run/checkpoints").iterdir()))
    Path("run/result.json").unlink()
    resumed = minigrad_there(log, "train", "--resume", "run")
    assert resumed[-3:] == trained[-3:]
    assert Path("run/weights.safetensors").read_bytes() == weights


def test_a_network_is_checked_there(log, monkeypatch):
    monkeypatch.setattr(learning, "_STEPS", 2)  # too few to learn anything
    command = ("check", "--model", "mlp", "--data", "digits", "--batch-size", 32)
    there, here = minigrad_there(log, *command, *GPU, code=1), minigrad(*command, code=1)
    assert there[-1] == "7 passed, 1 failed, 0 skipped"
    assert [line.partition(":")[0] for line in there] == [line.partition(":")[0] for line in here]


@pytest.mark.parametrize("index", ["cuda:1", "gpu"])
def test_a_device_that_is_not_there_is_one_line(index):
    result = CliRunner().invoke(main, ["train", "--model", "mlp", "--data", "digits", "--device", index])
    assert result.exit_code == 1
    assert re.fullmatch(rf"minigrad: device: '{index}' is not (there|available here).*\n", result.stderr)
