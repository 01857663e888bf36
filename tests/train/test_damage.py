"""Damaged checkpoints are named and skipped; hostile ones are refused."""

import json
import os
import re
import shutil
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.errors import DataError, MinigradWarning
from minigrad.train import Checkpoints, checkpoint_folder
from tests.train.runs import EPOCHS, digest, network, train

FILES = ("manifest.json", "weights.safetensors", "best.safetensors", "optimizer.safetensors", "history.jsonl")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The checkpoints of a training, and what it ended with."""
    folder = tmp_path_factory.mktemp("damage") / "whole"
    return folder, digest(*train(Checkpoints(folder, every=3, keep=3)))


@pytest.fixture
def kept(saved, tmp_path):
    """A copy of them."""
    return shutil.copytree(saved[0], tmp_path / "kept")


def newest(folder):
    return max(folder.iterdir())


def resumed(folder):
    return digest(*train(Checkpoints(folder, keep=3), resume=True))


@given(st.data())
def test_the_newest_valid_one_loads_whatever_became_of_the_others(saved, tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged") / "copy"
    shutil.copytree(saved[0], folder)
    victim = newest(folder)
    name = data.draw(st.sampled_from(FILES))
    path = victim / name
    content = bytearray(path.read_bytes())
    way = data.draw(st.sampled_from(["flip", "cut", "grow", "remove"]))
    if way == "flip":
        for place in data.draw(st.lists(st.integers(0, len(content) * 8 - 1), min_size=1, max_size=3, unique=True)):
            content[place // 8] ^= 1 << place % 8
    elif way == "cut":
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    elif way == "grow":
        content += data.draw(st.binary(min_size=1, max_size=9))
    path.write_bytes(content)
    if way == "remove":
        path.unlink()
    if name == "manifest.json" and _means_the_same(saved[0] / victim.name / name, content):
        return
    with pytest.warns(
        MinigradWarning, match=f"^{re.escape(str(victim))}: this checkpoint is damaged: .*; it is skipped$"
    ):
        assert resumed(folder) == saved[1]
    assert (folder / f"damaged-{victim.name}").is_dir()
    shutil.rmtree(folder.parent)


def _means_the_same(path, content):
    """White space at the end, or 1E-3 for 1e-3."""
    try:
        return json.loads(content) == json.loads(path.read_bytes())
    except ValueError:
        return False


def test_what_is_damaged_is_set_aside_and_what_is_new_gets_another_number(kept):
    victim = newest(kept)
    (victim / "manifest.json").unlink()
    with pytest.warns(MinigradWarning, match=r"damaged: manifest\.json: there is no such file"):
        resumed(kept)
    assert int(newest_valid(kept).name[:6]) == int(victim.name[:6]) + 1
    assert resumed(kept) == resumed(kept)  # and no warning


def newest_valid(folder):
    return max(path for path in folder.iterdir() if path.name[0].isdigit())


def test_if_none_is_valid_it_does_not_begin_anew(kept):
    before = sorted(kept.iterdir())
    for path in before:
        (path / "weights.safetensors").write_bytes(b"")
    with pytest.warns(MinigradWarning), pytest.raises(DataError, match=f"kept: none of its {len(before)} checkpoints"):
        resumed(kept)
    assert sorted(kept.iterdir()) == before


def forged(folder, change):
    """The newest manifest after `change(manifest)`, its checksum right again."""
    path = newest(folder) / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    manifest.pop("sha256")
    manifest["sha256"] = checkpoint_folder._digest(checkpoint_folder._canonical(manifest))
    path.write_text(json.dumps(manifest))
    return path.parent


def forged_file(folder, name, content):
    about = {"bytes": len(content), "sha256": checkpoint_folder._digest(content)}
    (newest(folder) / name).write_bytes(content)
    return forged(folder, lambda manifest: manifest["files"].update({name: about}))


UNREADABLE = {
    "format": (lambda m: m.update(format=2), "its format is 2, this version of minigrad reads 1"),
    "traversal": (lambda m: m["files"].update({"../../secret": m["files"].pop("history.jsonl")}), "it names the files"),
    "absolute": (lambda m: m["files"].update({"/etc/passwd": {"bytes": 1, "sha256": ""}}), "it names the files"),
    "no files": (lambda m: m.update(files=[]), "it names the files"),
    "no state": (lambda m: m.pop("state"), "state"),
    "sizes": (lambda m: m["files"]["history.jsonl"].update(bytes="9"), "bytes, not 9"),
    "about": (lambda m: m["files"].update({"history.jsonl": 7}), ""),
}


@pytest.mark.parametrize(("change", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_forged_manifest_is_refused(kept, change, message):
    folder = forged(kept, change)
    with pytest.raises(DataError, match=f"{folder.name}: this checkpoint is damaged: .*{message}"):
        checkpoint_folder.read(folder)


def raw(header, data=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


CONTENTS = {
    "header longer than the file": struct.pack("<Q", 1 << 62) + b"{}",
    "header of a gigabyte": struct.pack("<Q", 1 << 30) + b"{}",
    "overflowing shape": raw({"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]}}, b"\0" * 4),
    "unknown dtype": raw({"a": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07builtin.",
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_forged_arrays_are_refused(kept, content):
    folder = forged_file(kept, "optimizer.safetensors", content)
    with pytest.raises(DataError, match=r"optimizer\.safetensors: this is no file of weights, or it is damaged"):
        checkpoint_folder.read(folder)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"[]", b"null", b"1" * 5_000, b"{}", b" " * (2**24 + 1)], ids=range(6)
)
def test_a_manifest_that_is_none_is_refused(kept, content):
    (newest(kept) / "manifest.json").write_bytes(content)
    with pytest.raises(DataError, match="this checkpoint is damaged: "):
        checkpoint_folder.read(newest(kept))


def test_what_is_no_plain_file_is_not_opened(kept):
    path = newest(kept) / "history.jsonl"
    content = path.rename(kept.parent / "elsewhere")
    path.symlink_to(content)
    with pytest.raises(DataError, match=r"history\.jsonl: there is no such file"):
        checkpoint_folder.read(newest(kept))
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"history\.jsonl: there is no such file"):
        checkpoint_folder.read(newest(kept))


UNFIT = {
    "step": (lambda s: s.update(step=3), "its history has 20 steps, it was written after 3"),
    "step that is none": (lambda s: s.update(step="3"), "its step must be an integer"),
    "random": (lambda s: s["random"].update(seed=-1), "seed must be at least 0"),
    "loader": (lambda s: s["loader"].update(position=10**9), "position of the state must be an integer"),
    "loader's epoch": (lambda s: s["loader"].update(epoch=None), "epoch of the state must be an integer"),
    "schedule": (lambda s: s.update(schedule=None), ""),
    "schedule's count": (lambda s: s["schedule"].update(t=1.5), "t must be an integer"),
    "groups": (lambda s: s["groups"].clear(), "groups of"),
    "a setting": (lambda s: s["groups"][0].update(lr="fast"), "lr must be a number"),
    "a parameter that is none": (lambda s: s["scalars"].update({"99.step": 1}), "state for parameters"),
    "a scalar of a strange name": (lambda s: s["scalars"].update(step=1), "invalid literal"),
    "sums": (lambda s: s["so_far"].update(cost="much"), "its sums must be numbers"),
    "a sum of a strange name": (lambda s: s["so_far"].update(other=1), "unexpected keyword"),
    "missing": (lambda s: s.pop("random"), "random"),
}


@pytest.mark.parametrize(("change", "message"), UNFIT.values(), ids=UNFIT)
def test_a_forged_state_is_refused_and_nothing_has_changed(kept, change, message):
    forged(kept, lambda manifest: change(manifest["state"]))
    model = network()
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}, mg.get_rng_state()
    with pytest.raises(DataError, match=f"this checkpoint does not fit what is trained here: .*{message}"):
        train(Checkpoints(kept), model=model, resume=True)
    assert all(np.array_equal(value.numpy(), before[0][name]) for name, value in model.state_dict().items())
    assert mg.get_rng_state() == before[1]


def test_a_state_of_a_wrong_shape_is_refused(kept, saved):
    snapshot = checkpoint_folder.read(newest(kept))
    name = next(iter(snapshot.optimizer))
    for wrong in (snapshot.optimizer[name][:1], snapshot.optimizer[name].astype("float64"), None):
        arrays = {**snapshot.optimizer, name: wrong}
        if wrong is None:
            arrays = {"7000.momentum_buffer": snapshot.optimizer[name]}
        forged_file(kept, "optimizer.safetensors", checkpoint_folder.packed(arrays))
        with pytest.raises(DataError, match="this checkpoint does not fit what is trained here: "):
            resumed(kept)


def test_every_epoch_can_be_gone_on_from(saved, tmp_path):
    """The fixture is what it should be: valid checkpoints that differ."""
    names = sorted(path.name for path in saved[0].iterdir())
    assert any(f"-epoch-{EPOCHS}" in name for name in names)
    for count in range(len(names), 0, -1):
        folder = tmp_path / str(count)
        shutil.copytree(saved[0], folder)
        for name in names[count:]:
            shutil.rmtree(folder / name)
        assert resumed(folder) == saved[1]
