import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.data import ArrayDataset
from minigrad.errors import DataError, ShapeError
from minigrad.train import TenCropAverage, evaluate, ten_crop

IMAGES = mg.tensor(np.random.default_rng(0).normal(size=(4, 2, 5, 6)))


def test_the_crops_are_corners_and_middle_and_their_reflections():
    image = mg.tensor(np.arange(12.0).reshape(1, 3, 4))
    firsts = [crop[0, 0].tolist() for crop in ten_crop(image, (1, 2))]
    assert firsts[:5] == [[0, 1], [2, 3], [8, 9], [10, 11], [5, 6]]
    assert firsts[5:] == [[3, 2], [1, 0], [11, 10], [9, 8], [6, 5]]
    assert {crop.shape for crop in ten_crop(IMAGES, 3)} == {(4, 2, 3, 3)}


def test_crops_as_large_as_the_image_are_the_image():
    crops = ten_crop(IMAGES, (5, 6))
    assert all((crop.numpy() == IMAGES.numpy()).all() for crop in crops[:5])
    assert all((crop.numpy() == IMAGES.numpy()[..., ::-1]).all() for crop in crops[5:])


def test_probabilities_are_averaged():
    network = nn.Sequential(nn.Flatten(), nn.Linear(32, 3)).to(mg.float64)
    logits = TenCropAverage(network, 4)(IMAGES)
    expected = np.mean([F.softmax(network(crop), 1).detach().numpy() for crop in ten_crop(IMAGES, 4)], 0)
    np.testing.assert_allclose(F.softmax(logits, 1).detach().numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(np.exp(logits.detach().numpy()), expected, rtol=1e-12)


def test_it_is_tested_as_a_network_is():
    network = nn.Sequential(nn.Dropout(0.9), nn.Flatten(), nn.Linear(32, 3)).to(mg.float64)
    test = ArrayDataset(IMAGES.numpy(), np.arange(4) % 3)
    average = TenCropAverage(network, 4)
    assert evaluate(average, test) == evaluate(average, test)
    assert network.training


def test_crops_larger_than_the_images_are_refused():
    with pytest.raises(ShapeError, match=r"ten_crop: 6x6 cannot be cut out of images float64\[4, 2, 5, 6\]"):
        ten_crop(IMAGES, 6)
    with pytest.raises(DataError, match="TenCropAverage: size must be an integer of at least 1, got 0"):
        TenCropAverage(nn.Flatten(), 0)
