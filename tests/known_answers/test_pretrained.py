"""Networks trained by others reach their stated accuracies here, and compute their stated results."""

import os
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad.data import datasets
from minigrad.nn import functional as F
from tests.known_answers import pretrained

SHARED = Path(os.environ.get("MINIGRAD_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
MEAN, DEVIATION = ([[[0.485]], [[0.456]], [[0.406]]], [[[0.229]], [[0.224]], [[0.225]]])  # of ImageNet
INPUTS = {
    "mnist": lambda images: (images / 255 - 0.1307) / 0.3081,
    "resnet20": lambda images: (images / 255 - np.array(MEAN)) / np.array(DEVIATION),
    "convnetjs": lambda images: images / 255 - 0.5,
    "keras": lambda images: images,
}
FILES = {
    "mnist": "pretrained_mnist_ccexam.npz",
    "resnet20": "pretrained_cifar10_resnet20.npz",
    "convnetjs": "pretrained_cifar10_convnetjs.npz",
    "keras": "pretrained_cifar10_keras.npz",
}
ONNX = "pretrained_mnist_cntk"


def outputs(network, inputs):
    with mg.no_grad():
        batches = [network(mg.from_numpy(inputs[start : start + 250])) for start in range(0, len(inputs), 250)]
        return mg.cat(batches)


@pytest.mark.parametrize(
    ("name", "accuracy", "tolerance"),
    [("mnist", 0.9905, 5e-4), ("resnet20", 0.915, 3e-4), ("convnetjs", 0.756, 1e-5), ("keras", 0.824, 3e-3)],
)
def test_a_pretrained_network_is_as_good_as_its_authors_say(name, accuracy, tolerance):
    path = SHARED / "pretrained" / FILES[name]
    if not path.exists():
        pytest.skip(f"no {path.name} in $MINIGRAD_SHARED_DATA or in ../shared/data beside the repository")
    network, expected = getattr(pretrained, name)(path)
    test = datasets.mnist("test", SHARED) if name == "mnist" else datasets.cifar10("test", SHARED)
    logits = outputs(network, INPUTS[name](test.arrays[0]).astype(np.float32))
    found = F.softmax(logits, 1) if name == "convnetjs" else logits
    np.testing.assert_allclose(found.numpy()[: len(expected)], expected, rtol=0, atol=tolerance)
    assert (logits.argmax(1).numpy() == test.targets).mean() == pytest.approx(accuracy, abs=1e-9)


def test_a_network_from_an_onnx_file_is_as_good_as_its_authors_say():
    path = SHARED / "pretrained" / f"{ONNX}.onnx"
    if not path.exists():
        pytest.skip(f"no {path.name} in $MINIGRAD_SHARED_DATA or in ../shared/data beside the repository")
    test = datasets.mnist("test", SHARED)
    logits = outputs(mg.interop.load_onnx(path), test.arrays[0].astype(np.float32)).numpy()
    with np.load(path.with_suffix(".npz")) as stored:
        expected = stored["expected_logits_test_first1000"]
    np.testing.assert_allclose(logits[:1000], expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
    assert (logits.argmax(1) == test.targets).mean() == pytest.approx(0.9891, abs=1e-9)
