"""The readers of files, each with files that are right: what `fuzzing.py` damages, and how it is read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pickle
import shutil
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # the tests make some of the files


class Reader(NamedTuple):
    """How a kind of file is read, and files of that kind."""

    read: Callable[[Path], object]
    files: list[bytes]
    repair: Callable[[bytes], bytes] = bytes
    """Makes checksums right again, so that damage behind them is reached."""


def _idx(folder: Path) -> Reader:
    from minigrad.data.idx import read_idx
    from minigrad.data.reading import open_data
    from tests.data.copies import idx

    def read(path: Path) -> object:
        with open_data(path) as stream:
            return read_idx(stream, (2, 3), 1000)

    content = idx(np.arange(24, dtype=np.uint8).reshape(4, 2, 3))
    return Reader(read, [content, gzip.compress(content, mtime=0)])


def _cifar(folder: Path) -> Reader:
    from minigrad.data.cifar import parse_records
    from minigrad.data.reading import open_data
    from tests.data.copies import images_and_labels, records

    def read(path: Path) -> object:
        with open_data(path) as stream:
            return parse_records(stream.read(10 * 3073 + 1), 1, 10)

    images, labels = images_and_labels(2, (3, 32, 32))
    content = records(images, labels)
    return Reader(read, [content, gzip.compress(content, mtime=0)])


def _tar(folder: Path) -> Reader:
    from minigrad.data.reading import open_data
    from minigrad.data.tar import read_members
    from tests.data.copies import tar

    def read(path: Path) -> object:
        with open_data(path) as stream:
            return read_members(stream, {"set/one.bin": 2000, "set/two.bin": 2000}, 100_000)

    content = tar({"set/one.bin": b"first", "a" * 120: b"x" * 600, "set/two.bin": bytes(1024)})
    return Reader(read, [content, gzip.compress(content, mtime=0)])


def _arrays() -> dict[str, np.ndarray]:
    return {"0.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "count": np.array(3)}


def _npz(folder: Path) -> Reader:
    from minigrad.interop import read_weights

    files = []
    for save in (np.savez, np.savez_compressed):
        out = io.BytesIO()
        save(out, **_arrays())  # type: ignore[arg-type]
        files.append(out.getvalue())
    hostile, objects = io.BytesIO(), io.BytesIO()
    np.save(objects, np.array([{}], object), allow_pickle=True)
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("a.npy", objects.getvalue())
    return Reader(read_weights, [*files, hostile.getvalue()], _with_right_sums)


def _with_right_sums(content: bytes) -> bytes:
    """A zip file, made again of its members, whatever their checksums; as it is if they cannot be told."""
    out = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as damaged, zipfile.ZipFile(out, "w") as archive:
            for member in damaged.infolist():
                names = struct.unpack_from("<2H", content, member.header_offset + 26)
                start = member.header_offset + 30 + sum(names)
                archive.writestr(member.filename, content[start : start + member.file_size])
    except Exception:
        return content
    return out.getvalue()


def _safetensors(folder: Path) -> Reader:
    from minigrad.train.weights import load_weights, packed

    return Reader(load_weights, [packed(_arrays()), packed({}, {"of": "nothing"})], _with_right_length)


def _with_right_length(content: bytes) -> bytes:
    """A file of safetensors whose first number is the length of its header again."""
    end = content.rfind(b"}") + 1
    end += len(content[end:]) - len(content[end:].lstrip(b" "))
    return struct.pack("<Q", max(end - 8, 0)) + content[8:]


def _torch(folder: Path) -> Reader:
    from minigrad.interop import load_torch
    from tests.interop import exploits

    files = [path.read_bytes() for path in sorted((ROOT / "tests/interop/files").glob("*.pth"))]
    attacks = [data for _, data in exploits.payloads(folder / "code-was-run")]
    files += [wrap(data) for data in attacks for wrap in (exploits.zipped, exploits.legacy)]
    files += [exploits.zipped(exploits.tensor(), **{"0": exploits.TWO}), pickle.dumps({"a": 1}, 2)]
    return Reader(load_torch, files, _with_right_sums)


def _checkpoint(folder: Path, name: str) -> tuple[Path, bytes]:
    """A checkpoint of a training, and its file of that name."""
    from minigrad.random import get_rng_state
    from minigrad.train import checkpoint_folder
    from minigrad.train.history import History, Step
    from minigrad.train.snapshot import Snapshot

    history = History(steps=[Step(1.0, 1.0, 0.0, 0.5, 0.1), Step(0.5, 0.5, 0.0, 0.75, 0.1)])
    state = {"step": 2, "epoch": 1, "random": get_rng_state(), "groups": [{"lr": 0.1}], "so_far": {"cost": 1.5}}
    kept = folder / "checkpoint"
    checkpoint_folder.write(kept, Snapshot(_arrays(), _arrays(), {}, history, state))
    return kept, (kept / name).read_bytes()


def _manifest(folder: Path) -> Reader:
    from minigrad.train import checkpoint_folder

    kept, content = _checkpoint(folder, "manifest.json")

    def read(path: Path) -> object:
        shutil.copy(path, kept / "manifest.json")
        return checkpoint_folder.read(kept)

    def repair(damaged: bytes) -> bytes:
        try:
            manifest = json.loads(damaged)
            manifest.pop("sha256", None)
            text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
            return json.dumps({**manifest, "sha256": hashlib.sha256(text.encode()).hexdigest()}).encode()
        except Exception:
            return damaged

    return Reader(read, [content], repair)


def _history(folder: Path) -> Reader:
    from minigrad.train.history_file import load_history

    _, content = _checkpoint(folder, "history.jsonl")
    look = b'{"look": 1, "gradients": {"a": 1.0}, "weights": {}, "updates": {}, "dead": {}}\n'
    return Reader(load_history, [content, b'{"run": {}}\n' + look + b'{"stopped": "here"}\n'])


def _network(folder: Path) -> Reader:
    from minigrad.data.preprocess import ChannelMean
    from minigrad.models.registry import build_model
    from minigrad.train.checkpoint import Description, load_checkpoint, save_checkpoint

    arguments = {"in_shape": (1, 8, 8), "classes": 3}
    fitted = ChannelMean().fit(np.zeros((2, 1, 8, 8), np.float32))
    described = Description("mlp", arguments, ("a", "b", "c"), fitted, "mnist")
    path = save_checkpoint(folder / "network", described, build_model("mlp", **arguments).state_dict())
    return Reader(load_checkpoint, [path.read_bytes()], _with_right_length)


def _images(folder: Path) -> Reader:
    import PIL.Image

    from minigrad.data import ImageFolder
    from minigrad.data.folder import FORMATS

    PIL.Image.init()
    noise = np.random.default_rng(0).integers(0, 256, (9, 12, 3), np.uint8)
    files = []
    for mode in ("RGB", "L", "P", "1"):
        for form in FORMATS:
            out = io.BytesIO()
            try:
                PIL.Image.fromarray(noise).convert(mode).save(out, form)
            except OSError:  # no such mode in that format
                continue
            files.append(out.getvalue())
    place = folder / "images" / "class" / "one.png"  # what is inside decides, not the name
    place.parent.mkdir(parents=True)

    def read(path: Path) -> object:
        shutil.copy(path, place)
        return ImageFolder(folder / "images", size=8)[:1]

    return Reader(read, files)


def _onnx(folder: Path) -> Reader:
    from minigrad.interop import load_onnx
    from tests.interop.onnx_models import build

    return Reader(load_onnx, [build.small_convnet().SerializeToString()])


READERS: dict[str, Callable[[Path], Reader]] = {
    "idx": _idx,
    "CIFAR": _cifar,
    "tar": _tar,
    "npz": _npz,
    "safetensors": _safetensors,
    "PyTorch": _torch,
    "manifest": _manifest,
    "history": _history,
    "network": _network,
    "images": _images,
    "ONNX": _onnx,
}
"""By kind of file; each makes its files with the help of an empty folder."""
