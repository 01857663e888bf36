import numpy as np
import pytest

from minigrad.data import ArrayDataset, datasets
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
