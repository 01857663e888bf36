"""What `train`, `check`, `eval` and `predict` do to images: learnt once, kept with the weights, used alike."""

import json
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad.cli.recipe import Recipe
from minigrad.data import Augmented, PCAColorJitter, RandomCrop, RandomHorizontalFlip, datasets, split
from minigrad.data.preprocess import PREPROCESSING
from minigrad.train import evaluate, load_checkpoint, load_weights, save_weights

TRAIN = ("train", "--model", "mlp", "--data", "digits", "--epochs", 1, "--out", "run")


@pytest.fixture(scope="module")
def parts():
    return split(datasets.digits(), (0.7, 0.15, 0.15), seed=0)


@pytest.mark.parametrize("kind", PREPROCESSING)
def test_preprocessing_is_fitted_on_the_images_to_train_on_and_used_by_every_command(minigrad, parts, kind):
    assert minigrad(*TRAIN, "--preprocess", kind).code == 0
    network, description = load_checkpoint("run/weights.safetensors")
    train, _, test = parts
    learnt = PREPROCESSING[kind]().fit(train)
    assert description.preprocessing == learnt
    assert description.image_shape == (1, 8, 8)
    accuracy = evaluate(network, Recipe(kind, "none", "digits", (1, 8, 8)).fit(train).for_all(test))[1]
    assert json.loads(Path("run/result.json").read_text())["test_accuracy"] == accuracy
    assert minigrad("eval", "run").out.splitlines()[-1] == f"test accuracy: {accuracy:.4f}"


def test_an_image_is_preprocessed_before_it_is_named(minigrad, tmp_path):
    image = pytest.importorskip("PIL.Image")
    minigrad(*TRAIN, "--preprocess", "PCAWhitening")
    network, description = load_checkpoint("run/weights.safetensors")
    pixels = np.round(datasets.digits()[3][0][0] * 255).astype(np.uint8)
    image.fromarray(pixels).save(tmp_path / "three.png")
    (answer,) = json.loads(minigrad("predict", "run", "three.png", "--json", "--top", 10).out)
    features = description.preprocessing.transform(np.float32(pixels[None]) / 255)
    logits = network(mg.from_numpy(features[None])).detach().numpy()[0]
    wanted = np.exp(logits - logits.max())
    found = {guess["label"]: guess["probability"] for guess in answer["top"]}
    assert [found[name] for name in description.classes] == pytest.approx((wanted / wanted.sum()).tolist(), rel=1e-4)


def test_checks_are_on_images_that_are_preprocessed_alike(minigrad):
    found = [
        minigrad("check", "--model", "mlp", "--data", "digits", "--preprocess", kind).out for kind in PREPROCESSING
    ]
    assert all(text.startswith("pass  centred inputs") for text in found)
    assert len({text.splitlines()[2] for text in found}) == len(found)


def test_augmentation_changes_the_images_to_train_on_and_no_others(parts):
    train, validation, _ = parts
    recipe = Recipe("ChannelScaler", "crop,flip:0.2,color:0.05", "digits", (1, 8, 8)).fit(train)
    crop, flip, color = recipe.augmentations
    assert (crop.size, crop.padding, flip.p, color.std) == ((8, 8), 1, 0.2, 0.05)
    assert color == PCAColorJitter().fit(recipe.for_all(train))
    images = [recipe.for_training(train).at_epoch(epoch, 0)[:9][0] for epoch in (0, 0, 1)]
    assert np.array_equal(*images[:2])
    assert not np.array_equal(*images[1:])
    assert not hasattr(recipe.for_all(validation), "augmentations")


@pytest.mark.parametrize(
    ("augment", "data", "image", "made"),
    [
        ("none", "cifar10", (3, 32, 32), []),
        ("auto", "cifar10", (3, 32, 32), [(RandomCrop, 4), (RandomHorizontalFlip, 0.5)]),
        ("auto", "mnist", (1, 28, 28), [(RandomCrop, 3)]),
        ("auto", "digits", (1, 8, 8), [(RandomCrop, 1)]),
        ("auto", "photos", (3, 64, 64), [(RandomCrop, 8), (RandomHorizontalFlip, 0.5)]),
        ("flip, crop:2", "mnist", (1, 28, 28), [(RandomHorizontalFlip, 0.5), (RandomCrop, 2)]),
    ],
)
def test_augmentation_suits_the_images(augment, data, image, made):
    parts = Recipe("MeanImage", augment, data, image).augmentations
    assert [(type(part), getattr(part, "padding", getattr(part, "p", None))) for part in parts] == made


def test_options_reach_the_training(minigrad, monkeypatch):
    seen = []

    def interrupted(_, *data, **__):
        seen.extend(data)
        raise KeyboardInterrupt

    monkeypatch.setattr("minigrad.cli.train.fit", interrupted)
    minigrad(*TRAIN, "--augment", "crop,color")
    train, validation = seen
    assert [type(part) for part in train.augmentations] == [RandomCrop, PCAColorJitter]
    assert not isinstance(validation, Augmented)
    assert validation.transform == train.dataset.transform


def test_a_training_that_goes_on_uses_what_was_learnt_then(minigrad, monkeypatch, tmp_path):
    options = ("--epochs", 2, "--batch-size", 300, "--preprocess", "ZCAWhitening", "--augment", "crop,color")
    for name in ("whole", "run"):
        minigrad(*TRAIN, *options, "--out", name)
    for name in ("result.json", "weights.safetensors"):
        (tmp_path / "run" / name).unlink()
    last = max((tmp_path / "run/checkpoints").iterdir())
    for path in last.iterdir():
        path.unlink()
    last.rmdir()
    monkeypatch.setattr(Recipe, "fit", None)  # not again
    assert minigrad("train", "--resume", "run").code == 0
    whole, run = (load_weights(f"{name}/weights.safetensors")[0] for name in ("whole", "run"))
    assert all(np.array_equal(whole[name], run[name]) for name in whole)


@pytest.mark.parametrize("state", [{}, {"0/mean": np.zeros((1, 8, 8))}, {"0/mean": np.full((1, 1, 1), np.nan)}])
def test_what_was_learnt_is_checked_when_it_is_read(minigrad, run, state):
    (run / "result.json").unlink()
    save_weights(run / "preprocessing.safetensors", state)
    error = minigrad("train", "--resume", "run").error
    assert error.startswith("run/preprocessing.safetensors: ChannelMean: ")


def test_a_run_without_a_file_of_what_was_learnt_learns_it_again(minigrad, run, trained_once):
    (run / "result.json").unlink()
    (run / "preprocessing.safetensors").unlink()
    assert minigrad("train", "--resume", "run").out.splitlines()[-1] == trained_once[1].lines[-1]


WRONG = {
    "no such word": ("crop,mirror", "--augment: there is no 'mirror'; write none, auto, or some of crop, flip, color"),
    "nothing": ("", "--augment: there is no ''; write"),
    "no number": ("crop:x", "--augment: crop:x: could not convert string to float: 'x'"),
    "half a pixel": ("crop:1.5", "--augment: crop:1.5: the padding is a whole number of pixels, got 1.5"),
    "probability": ("flip:2", "--augment: flip:2: RandomHorizontalFlip: p must be a number in [0, 1], got 2.0"),
    "deviation": ("color:nan", "--augment: color:nan: PCAColorJitter: std must be a number of at least 0, got nan"),
}


@pytest.mark.parametrize(("augment", "message"), WRONG.values(), ids=WRONG)
def test_augmentation_that_is_wrong_is_one_line_and_leaves_nothing(minigrad, tmp_path, augment, message):
    assert minigrad(*TRAIN, "--augment", augment).error.startswith(message)
    assert not [*tmp_path.iterdir()]


def test_features_are_not_augmented_nor_given_to_networks_of_images(minigrad, tmp_path):
    error = minigrad(*TRAIN, "--preprocess", "PCA", "--augment", "flip").error
    assert error == "--augment: it takes images, of which --preprocess PCA makes features"
    error = minigrad("train", "--model", "convnet", "--data", "digits", "--preprocess", "PCA").error
    assert error.startswith("ConvNet: 3 blocks halve the image (64, 1, 1) down to 0x0")
    assert not [*tmp_path.iterdir()]
