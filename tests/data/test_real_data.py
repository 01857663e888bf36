"""The published data sets themselves, where a copy is at hand."""

import logging

import numpy as np
import pytest

from minigrad.data import DataLoader, datasets, split


@pytest.mark.parametrize(
    ("part", "counts", "mean"),
    [
        ("train", [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949], 0.1306604762738429),
        ("test", [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009], 0.13251460696903547),
    ],
)
@pytest.mark.parametrize("below", ["", "mnist"])
def test_mnist_is_the_published_one(shared_data, part, counts, mean, below):
    dataset = datasets.mnist(part, shared_data / below)
    assert np.bincount(dataset.targets).tolist() == counts
    assert np.isclose(dataset.arrays[0].mean() / 255, mean, rtol=1e-12)


@pytest.mark.parametrize("below", ["", "cifar-10-batches-bin"])
def test_a_part_of_cifar10_is_read_and_counted(shared_data, below, caplog):
    with caplog.at_level(logging.WARNING):
        train, test = (datasets.cifar10(part, shared_data / below) for part in ("train", "test"))
    assert caplog.messages == ["cifar10: 10,000 of 50,000 images to train", "cifar10: 1,000 of 10,000 images to test"]
    assert np.bincount(train.targets).tolist() == [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]
    assert [test.classes[label] for label in test.targets[:4]] == ["cat", "ship", "ship", "airplane"]
    red, _, blue = test.arrays[0][test.targets == test.classes.index("ship")].mean((0, 2, 3))
    assert blue > red  # they lie on water


def test_real_images_are_split_and_read_ahead(shared_data):
    train, validation = split(datasets.mnist("train", shared_data), [55_000, 5_000], seed=0)
    assert abs(np.bincount(validation.targets) / 5_000 - np.bincount(train.targets) / 55_000).max() < 0.001
    images, labels = next(iter(DataLoader(train, 512, shuffle=True, seed=0, num_workers=2)))
    assert (images.shape, images.dtype, labels.dtype) == ((512, 1, 28, 28), np.float32, np.int64)
    assert images.numpy().max() == 1
