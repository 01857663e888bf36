"""`minigrad train --init-from, --freeze, --head-lr`: a training that begins with weights that are there."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from minigrad.data import datasets
from minigrad.data.preprocess import ChannelScaler
from minigrad.models import build_model
from minigrad.train import Description, load_checkpoint, load_weights, save_checkpoint, save_weights

TRAIN = ("train", "--data", "digits", "--epochs", 1, "--batch-size", 300)
HEAD = ("fc2.weight", "fc2.bias")


def weights(path):
    return load_weights(path)[0]


@pytest.fixture
def narrow(tmp_path):
    """A network that `minigrad train` alone would not build, with other preprocessing than is usual."""
    digits = datasets.digits()
    arguments = {"in_shape": (1, 8, 8), "classes": 10, "hidden": 7}
    about = Description("mlp", arguments, digits.classes, ChannelScaler().fit(digits), "digits")
    return save_checkpoint(tmp_path / "narrow.safetensors", about, about.build().state_dict())


def test_a_run_goes_on_from_the_weights_of_another(minigrad, run):
    lines = minigrad(*TRAIN, "--init-from", "run", "--lr", 0, "--out", "new").lines
    assert lines[1] == "begins with the weights of run"
    first, second = (weights(f"{name}/weights.safetensors") for name in ("run", "new"))
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert lines[-1] == minigrad("eval", "run").out.splitlines()[-1]
    again = minigrad(*TRAIN, "--model", "mlp", "--init-from", "run/weights.safetensors", "--lr", 0, "--out", "b").lines
    assert again[2:4:2] == lines[2:4:2]


def test_settings_and_preprocessing_of_a_run_are_taken_over(minigrad, narrow):
    minigrad(*TRAIN, "--init-from", narrow, "--out", "new")
    network, description = load_checkpoint("new/weights.safetensors")
    assert network.fc1.out_features == 7
    assert description.preprocessing == load_checkpoint(narrow)[1].preprocessing
    settings = json.loads(Path("new/settings.json").read_text())
    assert (settings["model"], settings["preprocess"]) == ("mlp", "ChannelScaler")
    minigrad(*TRAIN, "--init-from", narrow, "--preprocess", "MeanImage", "--out", "other")
    assert type(load_checkpoint("other/weights.safetensors")[1].preprocessing).__name__ == "MeanImage"


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_files_of_others_are_read_and_what_is_no_weight_can_be_left_out(minigrad, tmp_path, ending):
    given = {name: value.numpy() for name, value in build_model("mlp", in_shape=(1, 8, 8)).state_dict().items()}
    path = tmp_path / f"file.{ending}"
    if ending == "npz":
        np.savez(path, **given, expected=np.zeros(3))
    else:
        save_weights(path, given | {"expected": np.zeros(3)})
    begin = (*TRAIN, "--model", "mlp", "--lr", 0, "--init-from", path)
    assert minigrad(*begin).error == (
        f"--init-from: {path}: these are not the weights of this MLP; left over: expected; "
        "--init-ignore leaves out what is no weight"
    )
    assert minigrad(*begin, "--init-ignore", "exp*", "--out", "a").lines[1] == f"begins with the weights of {path}"
    assert all(np.array_equal(weights("a/weights.safetensors")[name], given[name]) for name in given)
    lines = minigrad(*begin, "--init-ignore", "exp*", "--init-ignore", "fc2.*", "--out", "b").lines
    assert lines[1].endswith("its last layer is new, for 10 classes: fc2")
    assert not np.array_equal(weights("b/weights.safetensors")["fc2.weight"], given["fc2.weight"])


def test_a_head_for_other_classes_is_new_and_that_is_said(minigrad, narrow, photos):
    lines = minigrad("train", "--data", photos, "--init-from", narrow, "--epochs", 1, "--lr", 0, "--out", "new").lines
    assert lines[1] == f"begins with the weights of {narrow}; its last layer is new, for 3 classes: fc2"
    network, description = load_checkpoint("new/weights.safetensors")
    assert description.arguments == {"in_shape": (1, 8, 8), "classes": 3, "hidden": 7}
    assert description.classes == ("dark", "grey", "light")
    assert np.array_equal(weights("new/weights.safetensors")["fc1.weight"], weights(narrow)["fc1.weight"])
    assert network.fc2.weight.shape == (3, 7)
    assert minigrad("eval", "new").code == 0


def test_a_head_for_as_many_other_classes_is_new_too(minigrad, tmp_path, run):
    network, about = load_checkpoint(run / "weights.safetensors")
    renamed = Description(about.model, about.arguments, tuple("abcdefghij"), about.preprocessing, about.data)
    save_checkpoint("letters.safetensors", renamed, network.state_dict())
    lines = minigrad(*TRAIN, "--init-from", "letters.safetensors").lines
    assert lines[1].endswith("its last layer is new, for 10 classes: fc2")


def test_frozen_parameters_stay_and_the_head_learns_faster(minigrad, run):
    before = weights(run / "weights.safetensors")
    begin = (*TRAIN, "--init-from", run, "--momentum", 0, "--weight-decay", 0)
    assert minigrad(*begin, "--freeze", "backbone", "--out", "a").lines[2] == "frozen: 2 of 4 arrays of parameters"
    after = weights("a/weights.safetensors")
    assert {name for name in after if not np.array_equal(after[name], before[name])} == set(HEAD)
    minigrad(*begin, "--freeze", "fc1.*", "--freeze", "fc2.bias", "--lr", 0.01, "--head-lr", 2, "--out", "b")
    minigrad(*begin, "--freeze", "fc1.*", "--freeze", "fc2.bias", "--lr", 0.02, "--out", "c")
    b, c = (weights(f"{name}/weights.safetensors") for name in "bc")
    assert all(np.array_equal(b[name], c[name]) for name in b)
    minigrad(*begin, "--lr", 0.02, "--head-lr", 3, "--out", "d")
    assert not np.array_equal(weights("d/weights.safetensors")["fc2.weight"], c["fc2.weight"])


@pytest.mark.parametrize("kept", [0, 1])
def test_a_training_that_goes_on_ends_alike_without_the_file_that_it_began_with(minigrad, narrow, photos, kept):
    options = ("train", "--data", photos, "--init-from", narrow, "--freeze", "fc1.bias", "--head-lr", 2, "--epochs", 2)
    for name in ("whole", "run"):
        minigrad(*options, "--init-ignore", "fc2.*", "--batch-size", 4, "--out", name)
    narrow.unlink()
    for name in ("result.json", "weights.safetensors"):
        Path("run", name).unlink()
    for path in sorted(Path("run/checkpoints").iterdir())[kept:]:
        shutil.rmtree(path)
    outcome = minigrad("train", "--resume", "run")
    assert (outcome.code, outcome.out.splitlines()[1]) == (0, "frozen: 1 of 4 arrays of parameters")
    assert Path("run/weights.safetensors").read_bytes() == Path("whole/weights.safetensors").read_bytes()


WRONG = {
    "freezes nothing": (
        ["--freeze", "fc3.*"],
        "--freeze: 'fc3.*' fits no name of a parameter; they are fc1.weight",
    ),
    "freezes all": (["--freeze", "*"], "--freeze: '*' leaves none of 4 parameters to train; 'backbone' spares the"),
    "a frozen head": (
        ["--freeze", "fc2.*", "--head-lr", 2],
        "--head-lr: the head is frozen: param_groups: 'fc2",
    ),
    "ignores nothing": (["--init-ignore", "x"], "--init-from: run: 'x' fits none of the names fc1.bias, fc1.w"),
    "another network": (["--model", "lenet"], "--init-from: run is of the network 'mlp', not 'lenet'"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_one_line_and_leaves_nothing(minigrad, run, tmp_path, options, message):
    outcome = minigrad(*TRAIN, "--init-from", "run", *options)
    assert outcome.error.startswith(message)
    assert outcome.code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_what_goes_with_a_file_needs_one(minigrad, tmp_path):
    assert minigrad(*TRAIN, "--model", "mlp", "--init-ignore", "x").error == "--init-ignore: it goes with --init-from"
    save_weights("plain", {"a": np.zeros(1)})
    assert minigrad(*TRAIN, "--init-from", "plain").error == (
        "--init-from: plain does not say of which network it is; give --model"
    )
    assert minigrad(*TRAIN, "--model", "mlp", "--head-lr", 0).code == 2
