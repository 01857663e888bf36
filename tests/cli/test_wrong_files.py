"""Files that are missing, cut off, of another network or for other classes: one line, exit code 1, no file changed."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from minigrad.train import load_checkpoint, load_weights, save_checkpoint, save_weights
from tests.interop.test_torch_file import FILES

INIT = ("train", "--model", "mlp", "--data", "digits", "--epochs", 1, "--init-from")
USES = {"train": INIT, "eval": ("eval",), "predict": ("predict",)}


@pytest.fixture
def image(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    path = tmp_path / "image.png"
    pillow.new("L", (8, 8), 100).save(path)
    return path


@pytest.fixture
def refused(minigrad, tmp_path):
    """Run a command that must fail: the line it says. Nothing is made, changed or removed."""

    def files():
        paths = sorted(tmp_path.rglob("*"))
        return {path: (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in paths}

    def run(*arguments):
        before = files()
        outcome = minigrad(*arguments)
        assert outcome.code == 1
        assert files() == before
        assert outcome.out == "" or arguments[0] == "train"  # which says first what it has read
        return outcome.error

    return run


def used(name, path, image):
    return (*USES[name], path, *([image] if name == "predict" else []))


def cut(source, path):
    path.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    return path


@pytest.mark.parametrize("name", USES)
def test_a_missing_file(refused, tmp_path, image, name):
    (tmp_path / "empty").mkdir()
    for path in ("nothing", "empty"):
        assert f"{path}: there are no weights; " in refused(*used(name, path, image))


@pytest.mark.parametrize("name", USES)
def test_a_corrupt_download(refused, run, tmp_path, image, name):
    (tmp_path / "page.pth").write_text("<!DOCTYPE html><title>404 Not Found</title>")
    (tmp_path / "nothing.pth").write_bytes(b"")
    cut(run / "weights.safetensors", tmp_path / "cut.safetensors")
    for path in ("page.pth", "nothing.pth", "cut.safetensors"):
        error = refused(*used(name, path, image))
        assert f"{path}: this is no file of weights, or it is damaged: " in error
    cut(run / "weights.safetensors", run / "weights.safetensors")
    assert "run/weights.safetensors: this is no file of weights, or it is" in refused(*used(name, "run", image))


def test_a_corrupt_download_of_another_program(refused, tmp_path):
    np.savez(tmp_path / "whole.npz", a=np.arange(999))
    sources = {"net.pth": FILES / "net.pth", "old.pth": FILES / "net_legacy.pth", "a.npz": tmp_path / "whole.npz"}
    for name, source in sources.items():
        cut(source, tmp_path / name)
        assert refused(*INIT, name).startswith(f"--init-from: {name}: this ")


@pytest.mark.parametrize("name", ["eval", "predict"])
def test_weights_of_another_network_than_a_file_says(refused, run, tmp_path, image, name):
    _, about = load_checkpoint(run / "weights.safetensors")
    save_checkpoint(tmp_path / "wrong", about, {"conv1.weight": np.zeros((6, 1, 5, 5), np.float32)})
    error = refused(*used(name, "wrong", image))
    assert error.startswith(
        "wrong: this checkpoint cannot be used: load_state_dict: MLP was left as it is missing: fc1"
    )
    assert error.endswith("unexpected: conv1.weight")


def test_weights_of_another_network_to_begin_with(refused, run, tmp_path):
    assert refused(*INIT, FILES / "net.pth").startswith(
        f"--init-from: {FILES / 'net.pth'}: these are not the weights of this MLP; missing: fc1.weight; fc1.bias; fc2."
    )
    given = load_weights(run / "weights.safetensors")[0]
    del given["preprocessing/mean"]
    given["fc1.weight"] = np.zeros((100, 65), np.float32)
    save_weights(tmp_path / "wide", given)
    assert refused(*INIT, "wide") == (
        "--init-from: wide: these are not the weights of this MLP; "
        "of another shape: fc1.weight is (100, 64) in the model, (100, 65) in the file"
    )
    given["fc1.weight"] = np.zeros((100, 64), np.int64)
    save_weights(tmp_path / "whole", given)
    assert "does not fit: fc1.weight is float32" in refused(*INIT, "whole")


def test_other_classes(refused, run, photos, tmp_path):
    error = "--data: the classes of photos are not those that the network was trained on"
    assert refused("eval", "run", "--data", "photos") == error


def test_images_of_another_size_to_begin_with(minigrad, refused, photos):
    minigrad("train", "--model", "mlp", "--data", photos, "--epochs", 1, "--out", "large")
    assert refused("train", "--data", "digits", "--init-from", "large") == (
        "--init-from: large: these are not the weights of this MLP; "
        "of another shape: fc1.weight is (100, 64) in the model, (100, 784) in the file"
    )


@pytest.fixture
def stopped(minigrad, run, photos):
    """A training that began with another's weights and was stopped before its test."""
    minigrad("train", "--data", photos, "--init-from", run, "--epochs", 2, "--out", "stopped")
    Path("stopped/result.json").unlink()
    return Path("stopped")


def test_a_training_that_cannot_go_on(refused, stopped, photos):
    resume = ("train", "--resume", "stopped")
    initial = (stopped / "initial.safetensors").read_bytes()
    (stopped / "initial.safetensors").unlink()
    assert refused(*resume) == (
        "--resume: stopped/initial.safetensors: there are no weights; name a file of them, or the folder of a run"
    )
    (stopped / "initial.safetensors").write_bytes(initial[:-4])
    assert refused(*resume).startswith("--resume: stopped/initial.safetensors: this is no file of weights, or it is")
    (stopped / "initial.safetensors").write_bytes(initial)
    (photos / "grey").rename(photos / "gray")
    assert refused(*resume) == f"--resume: the classes of {photos} are not those of stopped"
    (photos / "gray").rename(photos / "grey")
    (photos / "grey/0.png").unlink()
    assert "this checkpoint does not fit what is trained here: it was written with {'examples'" in refused(*resume)


def test_a_training_without_a_checkpoint_that_can_be_used(minigrad, stopped, tmp_path):
    """Every checkpoint is named, and none is set aside."""
    for path in stopped.glob("checkpoints/*/weights.safetensors"):
        cut(path, path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    outcome = minigrad("train", "--resume", "stopped")
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1] == "minigrad: stopped/checkpoints: none of its 2 checkpoints can be used"
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_training_of_another_network(refused, minigrad, stopped):
    minigrad("train", "--model", "convnet", "--data", "digits", "--epochs", 1, "--batch-size", 300, "--out", "other")
    shutil.rmtree(stopped / "checkpoints")
    shutil.copytree("other/checkpoints", stopped / "checkpoints")
    assert "this checkpoint does not fit what is trained here: it was written with" in refused(
        "train", "--resume", "stopped"
    )
