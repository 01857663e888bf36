"""idx files, CIFAR records and tar archives, taken apart from bytes."""

import gzip
import io
import struct
import tarfile
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.data.cifar import parse_records
from minigrad.data.idx import read_idx
from minigrad.data.reading import open_data
from minigrad.data.tar import read_members
from minigrad.errors import DataError
from tests.data.copies import corruptions, idx, images_and_labels, records, tar

ITEMS = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
MEMBERS = {"set/one.bin": b"first", "set/readme": b"x" * 600, "set/two.bin": bytes(1024)}
SIZES = {"set/one.bin": 2000, "set/two.bin": 2000}
WANTED = {name: MEMBERS[name] for name in SIZES}
ARCHIVE = tar(MEMBERS)


def read_archive(data, most=100_000):
    return read_members(io.BytesIO(data), SIZES, most)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4)))
def test_an_idx_file_holds_what_was_written(array):
    assert np.array_equal(read_idx(io.BytesIO(idx(array)), array.shape[1:], most=len(array)), array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cut short: 16 more bytes were due, 0 came"),
        (idx(ITEMS)[:15], "cut short: 16 more bytes were due, 15 came"),
        (idx(ITEMS)[:-1], "cut short: 24 more bytes were due, 23 came"),
        (idx(ITEMS) + b"\0", "bytes after the end"),
        (b"\0\0\x0d" + idx(ITEMS)[3:], "magic number must be 2051 for unsigned bytes of 3 axes, got 3331"),
        (idx(ITEMS.reshape(4, 6)), "magic number must be 2051 .*, got 2050"),
        (idx(ITEMS.reshape(4, 3, 2)), r"every item must have the shape \[2, 3\], got \[3, 2\]"),
        (idx(np.zeros((0, 2, 3))), "must be 1 to 4 items, got 0"),
        (idx(np.zeros((5, 2, 3))), "must be 1 to 4 items, got 5"),
        (struct.pack(">4I", 2051, 2**32 - 1, 2, 3), "must be 1 to 4 items, got 4,294,967,295"),
        (struct.pack(">4I", 2051, 4, 2**32 - 1, 2**32 - 1), "every item must have the shape"),
    ],
)
def test_an_idx_file_that_is_wrong_says_how(data, message):
    with pytest.raises(DataError, match=message):
        read_idx(io.BytesIO(data), (2, 3), most=4)


@pytest.mark.parametrize("labels", [1, 2])
def test_records_hold_labels_and_then_colours(labels):
    images, targets = images_and_labels(5, (3, 32, 32))
    read, read_labels = parse_records(records(images, *[targets] * labels), labels, most=5)
    assert np.array_equal(read, images)
    assert np.array_equal(read_labels, np.stack([targets] * labels, axis=1))


@pytest.mark.parametrize("size", [0, 1, 3072, 3074, 3073 * 5 + 1, 3073 * 6])
def test_a_batch_of_no_whole_number_of_records_is_refused(size):
    with pytest.raises(DataError, match=f"must be 1 to 5 records of 3,073 bytes, got {size:,} bytes"):
        parse_records(bytes(size), 1, most=5)


FORMS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_gives_the_members_asked_for(form):
    assert read_archive(tar(MEMBERS, form)) == WANTED


@pytest.mark.parametrize("form", FORMS)
def test_a_long_path_is_not_taken_for_its_end(form):
    assert read_archive(tar({"a" * 120 + "/set/one.bin": b"elsewhere"}, form)) == {}


def member(name, kind, target="", size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


@pytest.mark.parametrize(
    "content",
    [
        {"../set/one.bin": b"up"},
        {"/set/one.bin": b"root"},
        {"./set/one.bin": b"here"},
        {"set/one.bin/": member("set/one.bin", tarfile.DIRTYPE)},
        {"set/one.bin": member("set/one.bin", tarfile.SYMTYPE, "/etc/passwd")},
        {"set/one.bin": member("set/one.bin", tarfile.LNKTYPE, "../../secret")},
        {"set/one.bin": member("set/one.bin", tarfile.FIFOTYPE)},
        {"set/one.bin": member("set/one.bin", tarfile.CHRTYPE)},
    ],
    ids=["up", "root", "here", "folder", "symbolic", "link", "pipe", "device"],
)
def test_only_regular_members_of_the_very_name_are_taken(content):
    assert read_archive(tar(content)) == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"some text that is no archive", "no tar archive"),
        (bytes(148) + b" 0400 \0 " + bytes(356), "a header lacks a number|checksum of a header"),
        (ARCHIVE[:1], "no tar archive"),
        (ARCHIVE[:700], "cut short: 512 more bytes were due, 188 came"),
        (ARCHIVE + b"garbage", "no tar archive"),
        (ARCHIVE[:3] + b"\xff" + ARCHIVE[4:], "checksum of a header is wrong"),
        (tar({"set/one.bin": bytes(2001)}), "set/one.bin must have at most 2,000 bytes, got 2,001"),
        (tar({"other": bytes(100_000)}), "unpacks to more than 100,000 bytes"),
        (ARCHIVE + bytes(100_000), "unpacks to more than 100,000 bytes"),
    ],
)
def test_an_archive_that_is_wrong_says_how(data, message):
    with pytest.raises(DataError, match=message):
        read_archive(data)


@given(data=st.data())
def test_a_corrupt_archive_gives_members_or_our_error(data):
    damaged = data.draw(corruptions(ARCHIVE))
    try:
        found = read_archive(damaged)
    except DataError:
        return
    assert found.keys() <= WANTED.keys()
    assert all(len(content) <= 2000 for content in found.values())


@given(data=st.data())
def test_a_corrupt_idx_file_gives_items_of_the_shape_or_our_error(data):
    try:
        items = read_idx(io.BytesIO(data.draw(corruptions(idx(ITEMS)))), (2, 3), most=6)
    except DataError:
        return
    assert items.shape[1:] == (2, 3)
    assert 1 <= len(items) <= 6


@given(data=st.data())
def test_a_corrupt_gzipped_file_gives_what_it_held_or_our_error(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "damaged.gz"
    path.write_bytes(data.draw(corruptions(gzip.compress(idx(ITEMS), mtime=0))))
    try:
        with open_data(path) as stream:
            items = read_idx(stream, (2, 3), most=4)
    except DataError:
        return
    assert np.array_equal(items, ITEMS)


def zeros(size):
    """A gzipped run of zeros, a thousandth of its size."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20)) + packer.flush()


@pytest.mark.parametrize("kind", ["idx", "tar", "long name"])
def test_a_bomb_takes_no_memory(kind, tmp_path):
    path = tmp_path / "bomb"
    size = 2**27
    if kind == "idx":
        path.write_bytes(gzip.compress(struct.pack(">2I", 2049, 1000)) + zeros(size))
    else:
        info = member("other", tarfile.REGTYPE if kind == "tar" else tarfile.GNUTYPE_LONGNAME, size=size)
        path.write_bytes(gzip.compress(info.tobuf(tarfile.GNU_FORMAT)) + zeros(size))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=r"bytes after the end|unpacks to more"), open_data(path) as stream:
            read_idx(stream, (), 1000) if kind == "idx" else read_members(stream, SIZES, size // 2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()], ids=["missing", "folder"])
def test_what_cannot_be_opened_is_named(tmp_path, make):
    path = tmp_path / "file"
    make(path)
    with pytest.raises(DataError, match="file"), open_data(path) as stream:
        stream.read()
