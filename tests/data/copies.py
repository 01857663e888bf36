"""Small files in the formats of the published ones, written by the standard library."""

import gzip
import io
import struct
import tarfile

import numpy as np
from hypothesis import strategies as st


def idx(array):
    """The bytes of an idx file."""
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def images_and_labels(count, shape=(1, 28, 28), classes=10):
    """Random bytes and labels, the same ones for the same arguments; the labels begin with 0, 1, 2, 0, ..."""
    rng = np.random.default_rng(count)
    return rng.integers(0, 256, (count, *shape), np.uint8), (np.arange(count) % min(classes, 3)).astype(np.uint8)


def write_mnist(folder, count=7, zipped=True):
    """Write a local copy of `count` images to train and 3 to test; return those to train and their labels."""
    folder.mkdir(parents=True, exist_ok=True)
    for prefix, number in (("train", count), ("t10k", 3)):
        images, labels = images_and_labels(number)
        for name, array in ((f"{prefix}-images-idx3-ubyte", images[:, 0]), (f"{prefix}-labels-idx1-ubyte", labels)):
            data = idx(array)
            (folder / f"{name}{'.gz' * zipped}").write_bytes(gzip.compress(data, mtime=0) if zipped else data)
    return images_and_labels(count)


def records(images, *labels):
    """The bytes of a CIFAR batch."""
    columns = [np.asarray(column, np.uint8)[:, None] for column in labels]
    return np.concatenate([*columns, images.reshape(len(images), -1)], axis=1).tobytes()


def tar(members, form=tarfile.DEFAULT_FORMAT):
    """The bytes of a tar archive; a member is bytes, or a TarInfo of its own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if content is not info:
                info.size = len(content)
            archive.addfile(info, None if content is info else io.BytesIO(content))
    return buffer.getvalue()


@st.composite
def corruptions(draw, data):
    """`data` after one to three accidents: bytes changed, cut out, doubled, or lost at the end."""
    data = bytearray(data)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)) | st.integers(0, min(40, len(data))))  # headers are hit often
        end = min(start + draw(st.integers(0, 12)), len(data))
        match draw(st.sampled_from(["change", "cut", "double", "truncate", "append"])):
            case "change":
                data[start:end] = draw(st.binary(min_size=end - start, max_size=end - start))
            case "cut":
                del data[start:end]
            case "double":
                data[start:start] = data[start:end]
            case "truncate":
                del data[start:]
            case "append":
                data += draw(st.binary(max_size=12))
    return bytes(data)
