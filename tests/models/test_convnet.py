import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ShapeError
from minigrad.models import ConvNet


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_defaults_are_the_network_of_the_course():
    model = ConvNet()
    convolutions = (3 * 9 + 1) * 10 + 5 * (10 * 9 + 1) * 10
    assert parameter_count(model) == convolutions + (4 * 4 * 10 + 1) * 10
    assert model(mg.zeros(2, 3, 32, 32)).shape == (2, 10)


def test_shape_blocks_channels_and_classes_can_be_chosen():
    model = ConvNet(in_shape=(1, 9, 13), blocks=2, channels=4, classes=7)
    assert model(mg.zeros(3, 1, 9, 13)).shape == (3, 7)
    assert parameter_count(model) == (9 + 1) * 4 + 3 * (4 * 9 + 1) * 4 + (2 * 3 * 4 + 1) * 7


def test_the_variance_of_the_input_reaches_the_logits():
    mg.manual_seed(0)
    model = ConvNet(in_shape=(3, 32, 32), blocks=1, channels=64, classes=64)
    images = np.random.default_rng(0).standard_normal((16, 3, 32, 32)).astype(np.float32)
    logits = model(mg.from_numpy(images)).detach().numpy()
    assert 0.3 < logits.var() < 3


def test_too_many_blocks_are_refused():
    with pytest.raises(ShapeError, match=r"4 blocks halve the image \(1, 8, 8\) down to 0x0; use fewer blocks"):
        ConvNet(in_shape=(1, 8, 8), blocks=4)
