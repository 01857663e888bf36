"""`minigrad train --resume`: a training that was stopped goes on, in real processes."""

import json
import re
import shutil
import signal
import subprocess
import sys

import pytest

from minigrad.train import load_history

OPTIONS = ("--model", "mlp", "--data", "digits", "--epochs", 4, "--batch-size", 300, "--lr", 0.1)


def started(tmp_path, *options):
    command = [sys.executable, "-m", "minigrad", "train", *map(str, options)]
    return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(minigrad, tmp_path, how):
    whole = minigrad("train", *OPTIONS, "--out", "whole").lines
    process = started(tmp_path, *OPTIONS, "--out", "run", "--checkpoint-every", 2)
    while not process.stdout.readline().startswith("Finished epoch 2"):
        assert process.poll() is None
    process.send_signal(how)
    process.communicate(timeout=60)
    assert not (tmp_path / "run/result.json").exists()
    again = minigrad("train", "--resume", "run").lines
    assert again[-1] == whole[-1]
    assert re.sub("in whole$", "in run", whole[-2]) == again[-2]
    assert "Finished epoch 1" not in "".join(again)
    for name in ("weights.safetensors", "history.csv", "history.jsonl"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert len(load_history(tmp_path / "run/history.jsonl").epochs) == 4


def test_a_training_that_was_stopped_before_its_test_is_tested(minigrad, run, trained_once):
    (run / "result.json").unlink()
    outcome = minigrad("train", "--resume", run)
    assert outcome.out.splitlines()[-1] == trained_once[1].lines[-1]
    assert "has been read 2 times" in outcome.err


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_taken(minigrad, run, trained_once):
    (run / "result.json").unlink()
    victim = max((run / "checkpoints").iterdir())
    (victim / "weights.safetensors").write_bytes(b"")
    outcome = minigrad("train", "--resume", "run")
    assert outcome.err.startswith(
        f"minigrad: warning: run/checkpoints/{victim.name}: this checkpoint is damaged: weights"
    )
    assert outcome.out.splitlines()[-1] == trained_once[1].lines[-1]


WRONG = {
    "no run": (["nothing"], 1, "--resume: nothing is no folder of a training; `minigrad train` makes them"),
    "ended": (["run"], 1, "--resume: the training of run has ended"),
    "other settings": (["run", "--lr", 0.5], 2, "--resume takes all settings from the run; leave out --lr."),
}


@pytest.mark.parametrize(("arguments", "code", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_go_on_is_one_line(minigrad, run, arguments, code, message):
    outcome = minigrad("train", "--resume", *arguments)
    assert outcome.error.startswith(message)
    assert outcome.code == code


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        ("{", 1, "--resume: run/settings.json is damaged: "),
        ("[" * 100_000, 1, "--resume: run/settings.json is damaged: "),
        ('{"model": "mlp", "data": "digits", "epochs": "many"}', 2, "Invalid value for '--epochs': 'many' is not"),
        ('{"model": "mlp"}', 2, "Missing option '--data'."),
    ],
    ids=range(4),
)  # fmt: skip
def test_settings_are_checked_as_those_that_are_typed(minigrad, run, content, code, message):
    (run / "result.json").unlink()
    (run / "settings.json").write_text(content)
    outcome = minigrad("train", "--resume", "run")
    assert outcome.error.startswith(message)
    assert outcome.code == code


def test_other_data_are_noticed(minigrad, run, tmp_path):
    (run / "result.json").unlink()
    manifest = max((run / "checkpoints").iterdir())
    settings = json.loads((run / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps(settings | {"batch_size": 7}))
    before = sorted(path.name for path in (run / "checkpoints").iterdir())
    error = minigrad("train", "--resume", "run").error
    assert error.startswith(
        f"run/checkpoints/{manifest.name}: this checkpoint does not fit what is trained here: it was"
    )
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == before
    shutil.rmtree(tmp_path / "run")
