from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import DataError
from minigrad.interop import load_torch

FILES = Path(__file__).parent / "files"
BASE = np.arange(12, dtype=np.float32).reshape(3, 4)
EXPECTED = {
    "weight": BASE,
    "transposed": BASE.T,
    "row": BASE[1],
    "every_second": BASE[:, ::2],
    "scalar": np.array(7),
    "half": np.array([1.5, -2.0], np.float32),
    "bfloat": np.array([1.5, -3.0], np.float32),
    "double": np.array([[0.1]]),
    "bytes": np.array([0, 255], np.uint8),
    "flags": np.array([True, False]),
    "int": np.array([-5], np.int32),
    "short": np.array([-300], np.int32),
    "empty": np.zeros((0, 3), np.float32),
}


@pytest.mark.parametrize("name", ["tensors.pth", "tensors_legacy.pth"])
def test_tensors_of_every_dtype_and_layout_are_read(name):
    found = load_torch(FILES / name)
    assert list(found) == list(EXPECTED)
    for key, wanted in EXPECTED.items():
        np.testing.assert_array_equal(found[key], wanted, strict=True)
        assert found[key].flags.c_contiguous
        assert found[key].base is None


@pytest.mark.parametrize("name", ["net.pth", "net_legacy.pth"])
def test_a_network_computes_what_it_did_in_pytorch(name):
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    net.load_state_dict(load_torch(FILES / name))
    image = mg.from_numpy((np.arange(16, dtype=np.float32) / 16).reshape(1, 1, 4, 4))
    np.testing.assert_allclose(net.eval()(image).detach().numpy(), [[-0.2555, -0.1823, 0.2231]], atol=5e-5)


def test_the_state_dict_of_a_checkpoint_is_found_and_can_be_named():
    found = load_torch(FILES / "checkpoint.pth")
    assert list(found)[:2] == ["0.weight", "0.bias"]
    np.testing.assert_array_equal(load_torch(FILES / "checkpoint.pth", entry="state_dict")["0.bias"], found["0.bias"])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("weights", "it has no entry 'weights'; there are 'epoch', 'state_dict', 'optimizer', 'best', 'parameters'"),
        ("epoch", "it holds no tensors under names of their own"),
        ("optimizer", "it holds no tensors under names of their own"),
    ],
)
def test_an_entry_without_tensors_is_refused(entry, message):
    with pytest.raises(DataError, match=message):
        load_torch(FILES / "checkpoint.pth", entry=entry)


def test_a_module_with_its_classes_is_refused():
    message = (
        r"module.pth: this file of PyTorch cannot be used: it names torch.nn.modules.container.Sequential, "
        "which is no part of tensors; nothing of it was run"
    )
    with pytest.raises(DataError, match=message):
        load_torch(FILES / "module.pth")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none.pth: there is no such file of weights"):
        load_torch(tmp_path / "none.pth")
