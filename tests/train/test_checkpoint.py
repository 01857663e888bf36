import json
import subprocess
import sys

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import DataError, ShapeError
from minigrad.train import Description, load_checkpoint, load_weights, save_checkpoint, save_weights
from minigrad.version import __version__

GOOD = {
    "model": "mlp",
    "arguments": {"in_shape": (1, 2, 2), "hidden": 3, "classes": 2},
    "classes": ("cat", "dog"),
    "mean": (0.5,),
    "data": "pets",
}


def description(**changes):
    return Description(**(GOOD | changes))


@pytest.fixture
def path(tmp_path):
    return save_checkpoint(tmp_path / "file", description(), description().build().state_dict())


def rewritten(path, **changes):
    """The file with another description."""
    weights, metadata = load_weights(path)
    about = json.loads(metadata["minigrad"]) | changes
    return save_weights(path, weights, {"minigrad": json.dumps(about)})


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
    assert about["format"] == 1


WRONG = {
    "format": ({"format": 2}, "its format is 2, this version of minigrad reads 1"),
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
    "mean": ({"mean": [0.5, 0.5]}, "mean must be a finite number for each of 1 channels"),
    "mean that is no number": ({"mean": [float("nan")]}, "mean must be a finite number"),
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
