import numpy as np
import pytest

from minigrad.data import ArrayDataset, preprocess
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.errors import DataError

IMAGES = np.random.default_rng(0).random((9, 2, 3, 4)).astype(np.float32)
DATASET = ArrayDataset(IMAGES, np.arange(9))


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_the_mean_of_each_channel_is_that_over_all_pixels(monkeypatch, at_once):
    monkeypatch.setattr(preprocess, "_AT_ONCE", at_once)
    mean = channel_mean(DATASET)
    assert mean == pytest.approx(IMAGES.mean((0, 2, 3)).tolist(), rel=1e-6)
    assert all(type(number) is float for number in mean)


def test_centred_images_have_mean_zero_and_the_rest_is_left_alone():
    centred = Centred(DATASET, channel_mean(DATASET))
    images, labels = centred[np.arange(9)]
    assert len(centred) == 9
    assert images.dtype == np.float32
    np.testing.assert_allclose(images.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_array_equal(labels, np.arange(9))
    np.testing.assert_array_equal(centred[4][0], images[4])


def test_a_set_without_images_has_no_mean():
    with pytest.raises(DataError, match=r"needs images \(N, C, H, W\), got the shape \(2, 3\)"):
        channel_mean(ArrayDataset(np.zeros((2, 3))))
    with pytest.raises(DataError, match="needs a data set with images, got an empty one"):
        channel_mean(ArrayDataset(np.zeros((0, 1, 2, 2))))
