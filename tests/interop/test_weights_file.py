from pathlib import Path

import numpy as np
import pytest

from minigrad.errors import DataError
from minigrad.interop import read_weights
from minigrad.train import save_weights

FILES = Path(__file__).parent / "files"
STATE = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(2)}


def test_what_is_inside_decides_not_the_name(tmp_path):
    np.savez(tmp_path / "a.npz", **STATE)
    (tmp_path / "a.npz").rename(tmp_path / "a.weights")
    save_weights(tmp_path / "b.weights", STATE)
    for name in ("a.weights", "b.weights"):
        found = read_weights(tmp_path / name)
        assert {key: value.tolist() for key, value in found.items()} == {k: v.tolist() for k, v in STATE.items()}
    for name in ("net.pth", "net_legacy.pth"):
        assert read_weights(FILES / name)["4.bias"].shape == (3,)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x02."])
def test_no_file_of_weights_is_refused(content, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"file: this (is no file of weights|file of )"):
        read_weights(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="none: there is no such file of weights"):
        read_weights(tmp_path / "none")


def test_objects_and_bombs_in_numpy_files_are_refused(tmp_path):
    np.savez(tmp_path / "objects.npz", w=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="this file of arrays is damaged: Object arrays cannot be loaded"):
        read_weights(tmp_path / "objects.npz")
    np.savez_compressed(tmp_path / "bomb.npz", w=np.zeros(1 << 27, np.uint8))
    with pytest.raises(DataError, match=r"they are 1,0\d\d times as large as the file"):
        read_weights(tmp_path / "bomb.npz")
