import zipfile
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


def test_what_only_ends_as_a_zip_file_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", **STATE)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[content.index(b"PK\x01\x02")] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match="this file of arrays is damaged: Bad magic number for central directory"):
        read_weights(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            {"descr": "<f4", "fortran_order": False, "shape": (2**40,)},
            r"a.npy is cut short: .* float32\[1099511627776\]",
        ),
        ({"descr": "<f4", "fortran_order": False, "shape": (-1, 2)}, "negative"),
    ],
)
def test_no_memory_is_reserved_for_what_a_numpy_file_only_claims(header, message, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive, archive.open("a.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(stream, header)
    with pytest.raises(DataError, match=f"this file of arrays is damaged: .*{message}"):
        read_weights(tmp_path / "a.npz")


def test_a_later_version_of_numpy_s_format_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", np.lib.format.magic(3, 0))
    with pytest.raises(DataError, match=r"a.npy has version \(3, 0\) of NumPy's format"):
        read_weights(tmp_path / "a.npz")
