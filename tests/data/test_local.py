"""Copies that a person has: found, checked, and counted."""

import gzip
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigrad.data import datasets, local
from minigrad.errors import DataError
from tests.data.copies import corruptions, idx, images_and_labels, records, tar, write_mnist

BATCHES = [f"data_batch_{number}.bin" for number in range(1, 6)]


def write_cifar10(folder, counts, archive=False):
    """Write batches of so many images, none where a count is 0; return all images and labels."""
    arrays = [images_and_labels(count, (3, 32, 32)) for count in counts]
    folder.mkdir(parents=True, exist_ok=True)
    batches = {name: records(*arrays[number]) for number, name in enumerate(BATCHES) if counts[number]}
    if archive:
        members = {f"cifar-10-batches-bin/{name}": data for name, data in {**batches, "readme.html": b"<html>"}.items()}
        (folder / "cifar-10-binary.tar.gz").write_bytes(gzip.compress(tar(members), mtime=0))
    else:
        for name, data in batches.items():
            (folder / name).write_bytes(data)
    return tuple(np.concatenate(part) for part in zip(*arrays, strict=True))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("below", ["", "mnist", "MNIST/raw"])
def test_a_copy_of_mnist_is_found_in_the_folder_or_below(tmp_path, zipped, below):
    images, labels = write_mnist(tmp_path / below, zipped=zipped)
    dataset = datasets.mnist("train", tmp_path)
    assert np.array_equal(dataset.arrays[0], images)
    assert np.array_equal(dataset.targets, labels)
    assert dataset.targets.dtype == np.int64
    assert dataset.classes == tuple("0123456789")
    assert len(datasets.mnist("test", tmp_path)) == 3


def test_batches_are_floats_between_0_and_1(tmp_path):
    images, labels = write_mnist(tmp_path)
    batch, targets = datasets.mnist("train", tmp_path)[[2, 0]]
    assert batch.dtype == np.float32
    assert np.array_equal(batch, images[[2, 0]].astype(np.float32) / np.float32(255))
    assert targets.tolist() == labels[[2, 0]].tolist()


def test_the_environment_names_a_copy_and_an_argument_goes_first(tmp_path, monkeypatch):
    write_mnist(tmp_path / "a", 4)
    write_mnist(tmp_path / "b", 5)
    monkeypatch.setenv(local.VARIABLE, str(tmp_path / "a"))
    assert len(datasets.mnist()) == 4
    assert len(datasets.mnist(data_dir=tmp_path / "b")) == 5


@pytest.mark.parametrize("archive", [True, False])
@pytest.mark.parametrize("counts", [(2, 3, 1, 1, 2), (0, 2, 0, 1, 0)])
@pytest.mark.parametrize("below", ["", "cifar-10-batches-bin"])
def test_the_batches_that_are_there_are_joined_in_order(tmp_path, archive, counts, below):
    images, labels = write_cifar10(tmp_path / below, counts, archive)
    dataset = datasets.cifar10("train", tmp_path)
    assert np.array_equal(dataset.arrays[0], images)
    assert np.array_equal(dataset.targets, labels)
    assert dataset.classes[6] == "frog"


@pytest.mark.parametrize(("coarse", "classes"), [(False, 100), (True, 20)])
def test_cifar100_has_two_labels(tmp_path, coarse, classes):
    images, labels = images_and_labels(3, (3, 32, 32))
    (tmp_path / "test.bin").write_bytes(records(images, labels, labels + 97))
    dataset = datasets.cifar100("test", tmp_path, coarse=coarse)
    assert dataset.targets.tolist() == [0, 1, 2] if coarse else [97, 98, 99]
    assert len(dataset.classes) == len(set(dataset.classes)) == classes
    assert dataset.classes == tuple(sorted(dataset.classes))


def test_missing_images_are_counted(tmp_path, caplog):
    write_cifar10(tmp_path, (2, 0, 0, 0, 0))
    with caplog.at_level(logging.WARNING):
        datasets.cifar10("train", tmp_path)
    assert caplog.messages == ["cifar10: 2 of 50,000 images to train"]


def test_a_folder_without_the_files_says_what_was_looked_for(tmp_path):
    with pytest.raises(
        DataError, match=r"cifar10: .* has none of cifar-10-binary.tar.gz, test_batch.bin, and no folder"
    ):
        datasets.cifar10("test", tmp_path)
    with pytest.raises(DataError, match="nowhere is no folder; --data-dir, data_dir= or MINIGRAD_DATA_DIR must name"):
        datasets.cifar10("test", tmp_path / "nowhere")


def write(name, data):
    return lambda folder: (folder / name).write_bytes(data)


IMAGES, LABELS = images_and_labels(7)
FASHION = np.array([9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9], np.uint8)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "train-labels-idx1-ubyte.gz").unlink(), "train-labels-idx1-ubyte.gz: .*No such file"),
        (write("train-labels-idx1-ubyte", idx(LABELS[:6])), "a label for each of the 7 images, got 6"),
        (write("train-labels-idx1-ubyte", idx(LABELS + 9)), "labels must be below 10, got 11"),
        (write("train-labels-idx1-ubyte", b"<html>not found</html>"), "train-labels-idx1-ubyte: the magic number"),
        (write("train-images-idx3-ubyte", idx(IMAGES[:, 0, 1:])), r"must have the shape \[28, 28\], got \[27, 28\]"),
        (write("train-images-idx3-ubyte.gz", gzip.compress(idx(IMAGES[:, 0]))[:-1]), "images-idx3-ubyte.gz: "),
    ],
)
def test_a_spoilt_copy_of_mnist_is_named(tmp_path, spoil, message):
    write_mnist(tmp_path)
    spoil(tmp_path)
    with pytest.raises(DataError, match=message):
        datasets.mnist("train", tmp_path)


def test_fashion_is_not_taken_for_digits(tmp_path):
    for name, array in (("images-idx3", np.zeros((12, 28, 28))), ("labels-idx1", FASHION)):
        (tmp_path / f"train-{name}-ubyte").write_bytes(idx(array))
    assert datasets.fashion_mnist("train", tmp_path).targets.tolist() == FASHION.tolist()
    with pytest.raises(DataError, match="labels of fashion_mnist, train, not of mnist, train"):
        datasets.mnist("train", tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("test_batch.bin", bytes(3072), "test_batch.bin: there must be 1 to 10,000 records of 3,073 bytes, got 3,072"),
        ("test_batch.bin", bytes([10]) + bytes(3072), "test_batch.bin: labels must be below 10, got 10"),
        ("cifar-10-binary.tar.gz", tar({"other": b""}), "the archive has none of cifar-10-batches-bin/test_batch.bin"),
        ("cifar-10-binary.tar.gz", b"<html>", "cifar-10-binary.tar.gz: it is no tar archive"),
        (
            "cifar-10-binary.tar.gz",
            tar({"cifar-10-batches-bin/test_batch.bin": b"abc"}),
            "records of 3,073 bytes, got 3",
        ),
    ],
)
def test_a_spoilt_copy_of_cifar10_is_named(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=message):
        datasets.cifar10("test", tmp_path)


def test_more_images_than_there_are_is_refused(tmp_path):
    (tmp_path / "test.bin").write_bytes(bytes(3074 * 10_001))
    with pytest.raises(DataError, match="1 to 10,000 records"):
        datasets.cifar100("test", tmp_path)


def require_right_or_refused(name, folder, images, labels):
    try:
        dataset = datasets.load(name, "train", folder)
    except DataError:
        return
    assert np.array_equal(dataset.arrays[0], images)
    assert np.array_equal(dataset.targets, labels)


@settings(max_examples=50)  # each writes files
@given(data=st.data(), name=st.sampled_from(["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]))
def test_a_corrupt_copy_of_mnist_is_right_or_refused(data, name, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "corrupt-mnist"
    images, labels = write_mnist(folder)
    (folder / name).write_bytes(data.draw(corruptions((folder / name).read_bytes())))
    require_right_or_refused("mnist", folder, images, labels)


@settings(max_examples=50)
@given(data=st.data())
def test_a_corrupt_archive_of_cifar10_is_right_or_refused(data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "corrupt-cifar"
    images, labels = write_cifar10(folder, (1, 1, 0, 0, 1), archive=True)
    path = folder / "cifar-10-binary.tar.gz"
    path.write_bytes(data.draw(corruptions(path.read_bytes())))
    require_right_or_refused("cifar10", folder, images, labels)


@settings(max_examples=50)
@given(data=st.data())
def test_a_corrupt_batch_of_cifar10_has_images_and_classes_or_is_refused(data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "corrupt-batch"
    write_cifar10(folder, (2, 0, 0, 0, 0))
    path = folder / BATCHES[0]
    path.write_bytes(data.draw(corruptions(path.read_bytes())))
    try:
        dataset = datasets.cifar10("train", folder)
    except DataError:
        return
    assert dataset.arrays[0].shape == (len(dataset), 3, 32, 32)
    assert set(dataset.targets) <= set(range(10))


def test_a_split_that_is_none_is_refused(tmp_path):
    for load in (datasets.mnist, datasets.cifar10, datasets.cifar100):
        with pytest.raises(DataError, match="split must be 'train' or 'test', got 'validation'"):
            load("validation", tmp_path)


def test_the_registry_names_what_can_be_loaded(tmp_path):
    assert list(datasets.registry()) == ["digits", "mnist", "fashion_mnist", "cifar10", "cifar100"]
    write_mnist(tmp_path)
    for info in datasets.registry().values():
        assert info.licence
        assert info.source
    assert len(datasets.load("mnist", "test", tmp_path)) == 3
    digits, info = datasets.load("digits"), datasets.registry()["digits"]
    assert (len(digits), digits[0][0].shape, digits.classes) == (info.images["train"], info.shape, info.classes)
    with pytest.raises(DataError, match="no data set 'mnits'; there are digits, mnist, fashion_mnist"):
        datasets.load("mnits")
    with pytest.raises(DataError, match="digits: split must be 'train', got 'test'"):
        datasets.load("digits", "test")
