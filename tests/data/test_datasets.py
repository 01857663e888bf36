import numpy as np
import pytest

from minigrad.data import ArrayDataset, ImageDataset, Subset, datasets
from minigrad.errors import DataError


def test_digits_are_the_published_ones():
    images, labels = datasets.digits().arrays
    assert images.shape == (1797, 1, 8, 8)
    assert (images.dtype, labels.dtype) == (np.float32, np.int64)
    assert (images.min(), images.max()) == (0, 1)
    assert (images.astype(np.float64) * 16).sum() == 561_718  # what scikit-learn's copy adds up to
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_an_index_gives_one_item_of_every_array():
    dataset = ArrayDataset(np.arange(12).reshape(4, 3), np.arange(4))
    row, label = dataset[2]
    assert (row.tolist(), label) == ([6, 7, 8], 2)
    rows, labels = dataset[[3, 0]]
    assert (rows.tolist(), labels.tolist()) == ([[9, 10, 11], [0, 1, 2]], [3, 0])
    assert len(dataset) == 4
    assert repr(dataset) == "ArrayDataset(int64[4, 3], int64[4])"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ([], "at least one array"),
        ([np.zeros(3), np.float32(1)], r"first axis, got the shapes \[\(3,\), \(\)\]"),
        ([np.zeros((3, 2)), np.zeros(4)], r"equal first length, got the shapes \[\(3, 2\), \(4,\)\]"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(arrays, message):
    with pytest.raises(DataError, match=message):
        ArrayDataset(*arrays)


def test_images_are_kept_as_bytes_and_given_as_floats():
    pixels = np.arange(0, 240, dtype=np.uint8).reshape(5, 3, 4, 4)
    dataset = ImageDataset(pixels, np.arange(5), classes=tuple("abcde"))
    assert dataset.arrays[0] is pixels
    assert repr(dataset) == "ImageDataset(uint8[5, 3, 4, 4], int64[5])"
    for index in (3, slice(1, 3), [4, 0], np.array([True, False, True, True, False])):
        images, targets = dataset[index]
        assert images.dtype == np.float32
        assert np.array_equal(images, pixels[index].astype(np.float32) / np.float32(255))
        assert np.array_equal(targets, np.arange(5)[index])
    assert dataset.classes == tuple("abcde")


@pytest.mark.parametrize("images", [np.zeros((5, 1, 2, 2), np.float32), np.zeros((5, 2, 2), np.uint8)])
def test_images_that_are_no_bytes_are_refused(images):
    with pytest.raises(DataError, match=r"images must be uint8 \(N, C, H, W\), got ImageDataset\("):
        ImageDataset(images, np.arange(5))


def test_a_subset_is_a_view():
    dataset = ArrayDataset(np.arange(10) * 10, np.arange(10) % 3, classes=tuple("xyz"))
    part = Subset(Subset(dataset, [8, 2, 5, -1]), [0, 3, 1])
    assert len(part) == 3
    assert part[:][0].tolist() == [80, 90, 20]
    assert part[1] == (90, 0)
    assert part.targets.tolist() == [2, 0, 2]
    assert part.classes == ("x", "y", "z")
    dataset.arrays[0][8] = -1
    assert part[[0]][0].tolist() == [-1]
    assert repr(part) == "Subset(3 of Subset(4 of ArrayDataset(int64[10], int64[10])))"


@pytest.mark.parametrize("indices", [[10], [-11], [[1]]])
def test_a_subset_of_what_is_not_there_is_refused(indices):
    with pytest.raises(DataError, match=r"needs indices \(N,\) into 10 examples"):
        Subset(ArrayDataset(np.arange(10)), indices)
