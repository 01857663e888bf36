import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.errors import DataError
from minigrad.interop import load_torch
from tests.interop import exploits

FILES = Path(__file__).parent / "files"
NAMES = [name for name, _ in exploits.payloads("unused")]


def written(folder, content):
    path = folder / "file.pth"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrap", [exploits.zipped, exploits.legacy, lambda data: data], ids=["zip", "legacy", "bare"])
def test_no_exploit_runs(name, wrap, tmp_path):
    marker = tmp_path / exploits.MARKER
    data = dict(exploits.payloads(marker))[name]
    with pytest.raises(DataError, match=r"file of PyTorch cannot be used: it (names|has the instruction|is damaged)"):
        load_torch(written(tmp_path, wrap(data)))
    assert not marker.exists()


def test_the_exploits_are_real(tmp_path):
    """Python's own reader is taken in by them."""
    marker = tmp_path / exploits.MARKER
    for name in ("system-0", "exec-2", "eval-4", "inst"):
        pickle.loads(dict(exploits.payloads(marker))[name])
        assert marker.exists(), name
        marker.unlink()


def test_a_tensor_made_by_hand_is_read(tmp_path):
    for content in (
        exploits.zipped(exploits.tensor(), **{"0": exploits.TWO}),
        exploits.legacy(exploits.tensor(), ["0"], struct.pack("<q", 2) + exploits.TWO),
    ):
        np.testing.assert_array_equal(load_torch(written(tmp_path, content))["w"], np.float32([1.5, -2.0]))


LIES = {
    "offset": ({"offset": "K\x01"}, "a tensor of shape (2,) does not fit into its storage of 2 elements"),
    "shape": ({"shape": "K\x03\x85"}, "a tensor of shape (3,) does not fit into its storage of 2 elements"),
    "negative": ({"strides": "J\xff\xff\xff\xff\x85"}, "a shape or strides that are no numbers"),
    "huge": ({"shape": "J\xff\xff\xff\x7f\x85", "strides": "K\x00\x85"}, "does not fit into its storage of 2 elements"),
    "axes": ({"shape": "K\x01K\x02\x86"}, "is damaged"),
    "flag": ({"offset": "\x88"}, "a shape or strides that are no numbers"),
    "size": ({"size": "K\x63"}, "storage 0 has 8 bytes, its description says 396"),
    "kind": ({"kind": "Quantised"}, "it names torch.QuantisedStorage, which is no part of tensors"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_tensor_that_lies_outside_of_its_storage_is_refused(lie, tmp_path):
    parts, message = LIES[lie]
    content = exploits.zipped(exploits.tensor(**parts), **{"0": exploits.TWO})
    with pytest.raises(DataError) as caught:
        load_torch(written(tmp_path, content))
    assert message in str(caught.value)


def test_a_zip_bomb_is_refused(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", exploits.tensor())
        archive.writestr("archive/data/0", bytes(1 << 24))
    with pytest.raises(DataError, match="its members are compressed, which PyTorch does not do"):
        load_torch(written(tmp_path, out.getvalue()))


def test_many_views_of_one_storage_are_refused(tmp_path):
    one = exploits.tensor()[3:-2]  # without the head, and without the end of the dict
    many = b"\x80\x02}(" + b"".join(
        one.replace(b"\x01\x00\x00\x00w", b"\x01\x00\x00\x00" + bytes([97 + n])) for n in range(9)
    )
    with pytest.raises(DataError, match="its tensors have 18 elements, its storages 2"):
        load_torch(written(tmp_path, exploits.zipped(many + b"u.", **{"0": exploits.TWO})))


def test_no_memory_is_reserved_for_what_a_pickle_only_claims(tmp_path):
    """A string of a gigabyte, in a file of a few bytes."""
    path = written(tmp_path, exploits.legacy(b"\x80\x02X" + struct.pack("<I", 1 << 30) + b"short"))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"it is damaged: .*1073741824"):
        load_torch(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 24


@pytest.mark.parametrize("name", ["net.pth", "net_legacy.pth", "checkpoint.pth"])
@given(data=st.data())
@settings(max_examples=60)
def test_damage_is_told_and_never_more(name, data, tmp_path_factory):
    content = bytearray((FILES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content
    path = tmp_path_factory.getbasetemp() / f"damaged-{name}"
    path.write_bytes(content)
    try:
        found = load_torch(path)
    except DataError as error:
        assert "this file of PyTorch cannot be used" in str(error)  # noqa: PT017 - some damage does no harm
    else:
        assert all(isinstance(array, np.ndarray) for array in found.values())
