"""`eval` and `predict`: what is done with a trained network."""

import json
import re
import shutil

import numpy as np
import pytest

import minigrad as mg
from minigrad.data import datasets
from minigrad.train import load_checkpoint, save_weights

image = pytest.importorskip("PIL.Image")


@pytest.fixture
def digit(tmp_path):
    """The first of the bundled digits, a 0, as an image file."""
    pixels = datasets.digits()[0][0][0]
    path = tmp_path / "zero.png"
    image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(path)
    return path


def write_photos(folder, count):
    for level, name in ((40, "dark"), (200, "light")):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            image.new("L", (9, 9), level + number).save(folder / name / f"{number}.png")


def test_the_test_set_of_a_run_gives_its_accuracy_again(minigrad, run, trained_once):
    lines = minigrad("eval", run).out.splitlines()
    assert lines[0].startswith("270 images, cost ")
    assert lines[-1] == trained_once[1].lines[-1]
    again = minigrad("eval", run / "weights.safetensors", "--data", "digits", "--batch-size", 7)
    assert again.out.splitlines() == lines


def test_the_test_set_warns_when_it_is_read_again(minigrad, run, trained_once, tmp_path):
    assert trained_once[1].err == ""
    for reads in (2, 3):
        outcome = minigrad("eval", run)
        assert outcome.code == 0
        assert outcome.err.startswith(
            f"minigrad: warning: the test set of digits has been read {reads} times in this run"
        )
    assert "read 4 times" in minigrad("eval", run / "weights.safetensors", "--data", "digits").err
    records = [json.loads(line) for line in (run / "test-reads.jsonl").read_text().splitlines()]
    assert [record["data"] for record in records] == ["the test set of digits"] * 4
    assert f"test accuracy: {records[0]['accuracy']:.4f}" == trained_once[1].lines[-1]
    shutil.copy(run / "weights.safetensors", tmp_path / "alone")
    assert minigrad("eval", "alone").lines
    assert not (tmp_path / "test-reads.jsonl").exists()


def test_data_that_the_network_does_not_take_are_refused(minigrad, run, tmp_path):
    write_photos(tmp_path / "photos", 20)
    error = minigrad("eval", run, "--data", "photos").error
    assert error == "--data: the classes of photos are not those that the network was trained on"


def test_another_folder_is_taken_whole_and_the_one_trained_on_in_part(minigrad, tmp_path):
    write_photos(tmp_path / "old", 20)
    write_photos(tmp_path / "new", 12)
    minigrad("train", "--model", "mlp", "--data", "old", "--epochs", 1, "--out", "run")
    assert minigrad("eval", "run").out.startswith("6 images")
    assert minigrad("eval", "run", "--data", "new").lines[0].startswith("24 images")


def test_the_most_probable_classes_of_an_image(minigrad, run, digit):
    (line,) = minigrad("predict", run, digit).lines
    name, _, guesses = line.partition(": ")
    assert name == str(digit)
    assert guesses.startswith("0 ")
    assert guesses.count("%") == 5
    (line,) = minigrad("predict", run, digit, "--top", 1).lines
    assert line.count("%") == 1


def test_guesses_as_json_are_the_softmax_of_the_logits(minigrad, run, digit):
    answer = json.loads(minigrad("predict", run, digit, digit, "--json", "--top", 10).out)
    assert [item["image"] for item in answer] == [str(digit)] * 2
    found = {guess["label"]: guess["probability"] for guess in answer[0]["top"]}
    assert list(found.values()) == sorted(found.values(), reverse=True)
    network, description = load_checkpoint(run / "weights.safetensors")
    pixels = np.asarray(image.open(digit), np.float32)[None, None] / 255 - np.float32(description.preprocessing.mean_)
    wanted = mg.softmax(network(mg.from_numpy(pixels)), 1).detach().numpy()[0]
    assert [found[name] for name in description.classes] == pytest.approx(wanted.tolist(), rel=1e-5)


def test_there_may_be_fewer_classes_than_asked_for(minigrad, run, digit):
    assert minigrad("predict", run, digit, "--top", 99).lines[0].count("%") == 10


def test_one_bad_image_prints_no_guesses(minigrad, run, digit, tmp_path):
    (tmp_path / "note.png").write_text("no image")
    outcome = minigrad("predict", run, digit, tmp_path / "note.png")
    assert outcome.out == ""
    assert "note.png: no image that can be read" in outcome.error


@pytest.mark.parametrize("command", [("eval",), ("predict", "image.png")], ids=lambda words: words[0])
def test_weights_that_cannot_be_used_are_one_line(minigrad, tmp_path, command):
    name, *rest = command
    assert minigrad(name, "nothing", *rest).error.startswith("nothing: there are no weights; RUN is a folder that")
    (tmp_path / "empty").mkdir()
    assert minigrad(name, "empty", *rest).error.startswith("empty: there are no weights; RUN is a folder that")
    (tmp_path / "text").write_text("no weights" * 9)
    assert minigrad(name, "text", *rest).error.startswith("text: this is no file of weights, or it is damaged")
    save_weights(tmp_path / "plain", {"a": np.zeros(1)})
    assert "does not say of which network" in minigrad(name, "plain", *rest).error
    save_weights(tmp_path / "hostile", {}, {"minigrad": '{"\x1b[2J'})
    assert minigrad(name, "hostile", *rest).error.isprintable()


def test_a_message_that_quotes_a_file_does_not_paint_the_terminal(minigrad, tmp_path):
    error = minigrad("eval", "no\x1b[2Jthing").error
    assert error.startswith("no?[2Jthing: there are no weights")


def test_a_device_that_is_missing_is_one_line(minigrad, run, digit):
    for arguments in (("eval", run), ("predict", run, digit)):
        assert minigrad(*arguments, "--device", "tpu").error.startswith("to: device 'tpu' is not available here")
        assert minigrad(*arguments, "--device", "cuda:1").error.startswith("to: device 'cuda:1' is not there")


@pytest.mark.skipif(mg.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_a_line_says_what_is_missing(minigrad, run, digit, tmp_path):
    training = ("train", "--data", "digits", "--model", "mlp", "--out", tmp_path / "new")
    for arguments in (("eval", run), ("predict", run, digit), training):
        outcome = minigrad(*arguments, "--device", "cuda")
        assert re.match(r"cuda: .*(pip install|install one|nvidia-smi)", outcome.error)
        assert outcome.code == 1
    assert not (tmp_path / "new").exists()
    assert any(re.match("CUDA +not available: cuda: ", line) for line in minigrad("info").lines)


def test_the_reference_device_gives_the_same_answers(minigrad, run, digit):
    assert minigrad("predict", run, digit, "--device", "reference").lines == minigrad("predict", run, digit).lines
