import json
import os
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import nn
from minigrad.errors import DataError
from minigrad.train import load_weights, save_weights
from minigrad.train.files import write_atomically

WEIGHTS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones((), np.float64), "c": np.zeros(0, np.int64)}


def raw(header, data=b""):
    """The bytes of a file with this header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def test_what_was_saved_is_loaded(tmp_path):
    path = save_weights(tmp_path / "weights", WEIGHTS | {"d": WEIGHTS["a"].T}, {"note": "ü"})
    arrays, metadata = load_weights(path)
    assert metadata == {"note": "ü"}
    assert list(arrays) == ["a", "b", "c", "d"]
    for name, value in (WEIGHTS | {"d": WEIGHTS["a"].T}).items():
        assert (arrays[name].dtype, arrays[name].shape) == (value.dtype, value.shape)
        np.testing.assert_array_equal(arrays[name], value)


@pytest.mark.parametrize("metadata", [None, {}, {"note": "text"}])
def test_nothing_is_saved_too(tmp_path, metadata):
    assert load_weights(save_weights(tmp_path / "weights", {}, metadata)) == ({}, metadata or {})


def test_a_state_dict_goes_in_and_comes_back(tmp_path):
    first, second = (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2)) for _ in range(2))
    path = save_weights(tmp_path / "weights", first.state_dict())
    second.load_state_dict(load_weights(path)[0])
    np.testing.assert_array_equal(first[0].weight.detach().numpy(), second[0].weight.detach().numpy())


def test_what_is_loaded_outlives_its_file(tmp_path):
    path = save_weights(tmp_path / "weights", WEIGHTS)
    arrays, _ = load_weights(path)
    path.write_bytes(b"")
    np.testing.assert_array_equal(arrays["a"], WEIGHTS["a"])


BROKEN = {
    "empty": b"",
    "not weights": b"PK\x03\x04 and so on, for longer than a header",
    "header longer than the file": struct.pack("<Q", 1 << 62) + b"{}",
    "no JSON": raw(b"{" * 200),
    "data outside": raw({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, b"\0" * 15),
    "too many bytes": raw({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 5),
    "shape and size differ": raw({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, b"\0" * 4),
    "overflowing shape": raw({"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]}}, b"\0" * 4),
    "unknown dtype": raw({"a": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
    "a dtype without an array": raw({"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, 2]}}, b"\0" * 2),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_broken_is_one_error(tmp_path, content):
    path = tmp_path / "weights"
    path.write_bytes(content)
    with pytest.raises(DataError, match="this is no file of weights, or it is damaged: "):
        load_weights(path)


def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "none", tmp_path / "pipe"):
        with pytest.raises(DataError, match="there is no such file of weights"):
            load_weights(path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = save_weights(tmp_path_factory.mktemp("weights") / "file", WEIGHTS, {"note": "text"})
    return path.with_name("garbled"), path.read_bytes()


@given(st.data())
def test_a_file_garbled_anywhere_is_read_or_refused(saved, data):
    path, content = saved
    position = data.draw(st.integers(0, len(content) - 1))
    piece = data.draw(st.binary(max_size=9))
    cut = data.draw(st.sampled_from([0, 1, len(piece), len(content)]))
    path.write_bytes(content[:position] + piece + content[position + cut :])
    try:
        arrays, metadata = load_weights(path)
    except DataError:
        return
    assert sum(array.nbytes for array in arrays.values()) <= len(content) + len(piece)
    assert all(isinstance(text, str) for item in metadata.items() for text in item)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "weights"
    save_weights(path, WEIGHTS)
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_atomically(path, "text")  # type: ignore[arg-type]
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_bytes() == before


def test_a_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    """Whoever has the old file open goes on reading it; the new one has been written to the disk before."""
    path = write_atomically(tmp_path / "file", b"old")
    synced = []
    monkeypatch.setattr("os.fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    with path.open("rb") as reader:
        write_atomically(path, b"newer")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"newer"
    assert synced == [5]
