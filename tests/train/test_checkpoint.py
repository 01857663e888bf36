import json
import subprocess
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad.data.preprocess import PREPROCESSING, ChannelMean, StandardScaler
from minigrad.errors import DataError, ShapeError
from minigrad.train import Description, load_checkpoint, load_weights, save_checkpoint, save_weights
from minigrad.version import __version__

IMAGES = np.random.default_rng(0).uniform(0, 1, (9, 1, 2, 2))
GOOD = {
    "model": "mlp",
    "arguments": {"in_shape": (1, 2, 2), "hidden": 3, "classes": 2},
    "classes": ("cat", "dog"),
    "preprocessing": ChannelMean().fit(IMAGES),
    "data": "pets",
}


def description(**changes):
    return Description(**(GOOD | changes))


@pytest.fixture
def path(tmp_path):
    return save_checkpoint(tmp_path / "file", description(), description().build().state_dict())


def rewritten(path, state=None, **changes):
    """The file with another description, and other arrays of the preprocessing if there are any."""
    weights, metadata = load_weights(path)
    about = json.loads(metadata["minigrad"]) | changes
    if state is not None:
        weights = {name: array for name, array in weights.items() if not name.startswith("preprocessing/")}
        weights |= {f"preprocessing/{name}": array for name, array in state.items()}
    return save_weights(path, weights, {"minigrad": json.dumps(about)})


def with_preprocessing(kind, shape=(1, 2, 2)):
    """A description of a network that is given what a preprocessing makes."""
    arguments = GOOD["arguments"] | {"in_shape": shape}
    return description(preprocessing=PREPROCESSING[kind]().fit(IMAGES), arguments=arguments)


def test_the_network_is_built_again_with_its_weights(tmp_path):
    network = description().build()
    loaded, about = load_checkpoint(save_checkpoint(tmp_path / "file", description(), network.state_dict()))
    assert about == description()
    image = mg.ones(1, 1, 2, 2)
    np.testing.assert_array_equal(loaded(image).detach().numpy(), network(image).detach().numpy())
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_loading_draws_no_random_numbers(path):
    before = mg.get_rng_state()
    load_checkpoint(path)
    assert mg.get_rng_state() == before
    assert not np.array_equal(mg.rand(4).numpy(), mg.rand(4).numpy())


def test_a_checkpoint_says_what_wrote_it(path):
    about = json.loads(load_weights(path)[1]["minigrad"])
    assert about["versions"] == {"minigrad": __version__, "numpy": np.__version__}
    assert about["format"] == 2
    assert about["preprocessing"] == {"kind": "ChannelMean", "settings": {}}


@pytest.mark.parametrize("kind", PREPROCESSING)
def test_preprocessing_is_kept_with_the_weights(tmp_path, kind):
    about = with_preprocessing(kind, (4, 1, 1) if kind in ("PCA", "PCAWhitening") else (1, 2, 2))
    loaded = load_checkpoint(save_checkpoint(tmp_path / "file", about, about.build().state_dict()))[1]
    assert loaded == about
    assert loaded.image_shape == (1, 2, 2)
    assert loaded.preprocessing.settings == about.preprocessing.settings
    np.testing.assert_array_equal(loaded.preprocessing.transform(IMAGES), about.preprocessing.transform(IMAGES))


def test_two_preprocessings_are_equal_if_they_have_learnt_the_same():
    fitted = ChannelMean().fit(IMAGES)
    assert fitted == ChannelMean().fit(IMAGES)
    assert ChannelMean() == ChannelMean()
    assert fitted not in (ChannelMean(), ChannelMean().fit(IMAGES + 1), StandardScaler().fit(IMAGES), 1)


def test_a_file_of_the_first_format_has_a_mean_for_each_channel(tmp_path):
    network = description().build()
    about = {
        "format": 1,
        "model": "mlp",
        "arguments": {"in_shape": [1, 2, 2], "hidden": 3, "classes": 2},
        "classes": ["cat", "dog"],
        "mean": [0.25],
        "data": "pets",
        "versions": {},
    }
    old = save_weights(tmp_path / "old", network.state_dict(), {"minigrad": json.dumps(about)})
    loaded, about = load_checkpoint(old)
    assert type(about.preprocessing) is ChannelMean
    np.testing.assert_array_equal(about.preprocessing.mean_, np.full((1, 1, 1), 0.25))
    image = mg.ones(1, 1, 2, 2)
    np.testing.assert_array_equal(loaded(image).detach().numpy(), network(image).detach().numpy())
    for mean, message in {(0.5, 0.5): "needs images", (float("nan"),): "finite", ("a",): "", ((1.0,),): "fit"}.items():
        with pytest.raises(DataError, match=f"old: this checkpoint cannot be used: .*{message}"):
            load_checkpoint(rewritten(old, mean=mean))


def test_a_weight_cannot_pass_for_an_array_of_the_preprocessing(tmp_path):
    with pytest.raises(DataError, match="names that begin with preprocessing/ are taken; rename preprocessing/mean"):
        save_checkpoint(tmp_path / "file", description(), {"preprocessing/mean": np.zeros(1)})


def pca(shape):
    size = int(np.prod(shape))
    return {"mean": np.zeros(shape), "components": np.eye(size), "explained_variance": np.ones(size)}


WRONG = {
    "format": ({"format": 3}, "its format is 3, this version of minigrad reads 1 and 2"),
    "model": ({"model": "gpt"}, "no network is called 'gpt'"),
    "model that is no name": ({"model": [1]}, "printable"),
    "no arguments": ({"arguments": None}, ""),
    "unknown argument": ({"arguments": {"in_shape": [1, 2, 2], "classes": 2, "depth": 9}}, "does not take depth"),
    "two sides": ({"arguments": {"in_shape": [1, 2], "classes": 2}}, "in_shape must be"),
    "sides that are no integers": ({"arguments": {"in_shape": [1, 2.5, "2"], "classes": 2}}, "in_shape must be"),
    "text argument": ({"arguments": {"in_shape": [1, 2, 2], "classes": 2, "hidden": "9"}}, "must be numbers"),
    "too large": ({"arguments": {"in_shape": [1, 2, 2], "classes": 2, "hidden": 2**17}}, "must be numbers"),
    "classes": ({"classes": ["cat"]}, "1 names of classes, 2 logits"),
    "class that would paint the terminal": ({"classes": ["cat", "\x1b[2Jdog"]}, "printable"),
    "no preprocessing": ({"preprocessing": None}, ""),
    "unknown preprocessing": (
        {"preprocessing": {"kind": "os.system", "settings": {}}},
        "no preprocessing is called 'os",
    ),
    "preprocessing that is no name": ({"preprocessing": {"kind": ["PCA"], "settings": {}}}, ""),
    "unknown setting": ({"preprocessing": {"kind": "PCA", "settings": {"shell": 1}}}, "unexpected keyword argument"),
    "setting that is no number": ({"preprocessing": {"kind": "PCA", "settings": {"n_components": "9"}}}, "an integer"),
    "other preprocessing": (
        {"preprocessing": {"kind": "StandardScaler", "settings": {}}},
        "StandardScaler: a state has mean, scale, got",
    ),
    "image of another shape": (
        {"state": {"mean": np.zeros((1, 3, 3))}, "preprocessing": {"kind": "MeanImage", "settings": {}}},
        "MeanImage: needs the shape ",
    ),
    "channels": ({"state": {"mean": np.zeros((2, 1, 1))}}, "ChannelMean: needs images"),
    "no channels": ({"state": {"mean": np.zeros((0, 1, 1))}}, "ChannelMean: needs images"),
    "mean that is no number": ({"state": {"mean": np.full((1, 1, 1), np.nan)}}, "floats, and finite"),
    "mean of integers": ({"state": {"mean": np.zeros((1, 1, 1), np.int64)}}, "floats, and finite"),
    "mean of half floats": ({"state": {"mean": np.zeros((1, 1, 1), np.float16)}}, "floats, and finite"),
    "no state": ({"state": {}}, "ChannelMean: a state has mean, got"),
    "too much state": ({"state": {"mean": np.zeros((1, 1, 1)), "x": np.zeros(1)}}, "ChannelMean: a state has mean"),
    "state in a file of the first format": ({"format": 1, "mean": [0.5]}, "preprocessing/mean"),
    "features": (
        {"state": pca((4,)), "preprocessing": {"kind": "PCA", "settings": {}}},
        "the images of preprocessing must be channels, height and width",
    ),
    "too many features": (
        {"state": pca((1, 2, 2)), "preprocessing": {"kind": "PCA", "settings": {}}},
        r"preprocessing makes \(4, 1, 1\) of images \(1, 2, 2\), the network takes \(1, 2, 2\)",
    ),
    "components of other images": (
        {"state": pca((1, 3, 3)) | {"components": np.eye(4)}, "preprocessing": {"kind": "PCA", "settings": {}}},
        "do not fit together",
    ),
    "other weights": ({"arguments": {"in_shape": [1, 2, 3], "hidden": 3, "classes": 2}}, "fc1.weight is"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG.values(), ids=WRONG)
def test_a_description_that_is_wrong_is_one_error(path, changes, message):
    with pytest.raises(DataError, match=f"file: this checkpoint cannot be used: .*{message}"):
        load_checkpoint(rewritten(path, **changes))


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, "{}", "1" * 5_000], ids=range(5))
def test_a_description_that_is_none_is_one_error(path, text):
    save_weights(path, {}, {"minigrad": text})
    with pytest.raises(DataError, match="file: this checkpoint cannot be used: "):
        load_checkpoint(path)


def test_weights_alone_are_no_checkpoint(tmp_path):
    with pytest.raises(DataError, match="does not say of which network"):
        load_checkpoint(save_weights(tmp_path / "file", description().build().state_dict()))


LOAD = """
import resource, sys
from minigrad.errors import DataError
from minigrad.train import load_checkpoint
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    load_checkpoint(sys.argv[1])
except DataError as error:
    assert "cannot be used" in str(error)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("side", [512, 2**16], ids=["a gigabyte", "more than there is"])
def test_memory_is_bounded_by_the_file(path, side):
    """The first layer would have 4 * side^2 * 1,000 bytes."""
    rewritten(path, arguments={"in_shape": [1, side, side], "hidden": 1_000, "classes": 2})
    run = subprocess.run([sys.executable, "-c", LOAD, path], capture_output=True, text=True, check=True)
    assert 0 <= int(run.stdout) * (1 if sys.platform == "darwin" else 1024) < 100e6


def test_a_description_is_checked_before_anything_is_written(tmp_path):
    with pytest.raises(DataError, match="2 names of classes, 3 logits"):
        description(arguments=GOOD["arguments"] | {"classes": 3})
    with pytest.raises(ShapeError):
        description(model="lenet", arguments={"in_shape": (1, 2, 2), "classes": 2}).build()
    assert not [*tmp_path.iterdir()]
