import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import ShapeError
from minigrad.models import MLP, LeNet

NAMES = ["conv1", "conv2", "fc1", "fc2", "fc3"]


@pytest.mark.parametrize(("in_shape", "features"), [((1, 28, 28), 400), ((1, 32, 32), 400), ((3, 40, 33), 16 * 7 * 5)])
def test_images_of_28_and_32_pixels_have_the_features_of_the_paper(in_shape, features):
    model = LeNet(in_shape, classes=7)
    assert model.fc1.in_features == features
    assert model(mg.zeros(2, *in_shape)).shape == (2, 7)


def test_its_weights_are_those_of_the_paper_with_all_maps_of_c3_joined():
    model = LeNet()
    counts = [156, 2416, 48120, 10164, 850]
    assert list(model.state_dict()) == [f"{name}.{kind}" for name in NAMES for kind in ("weight", "bias")]
    assert [sum(p.numel() for p in getattr(model, name).parameters()) for name in NAMES] == counts


def test_the_smallest_image_and_one_that_is_smaller():
    assert LeNet((1, 12, 12)).fc1.in_features == 16
    with pytest.raises(ShapeError, match=r"nothing is left of an image \(1, 11, 12\); it needs at least 12x12 pixels"):
        LeNet((1, 11, 12))


@pytest.mark.parametrize("model", [LeNet, MLP])
def test_weights_start_as_relu_wants_them_and_biases_at_zero(model):
    mg.manual_seed(0)
    weights = {name: value.numpy() for name, value in model(classes=200).state_dict().items()}
    last = list(weights)[-2]
    for name, value in weights.items():
        if name.endswith("bias"):
            assert not value.any()
        elif value.size > 1000:
            wanted = math.sqrt((1 if name == last else 2) / np.prod(value.shape[1:]))
            assert value.std() == pytest.approx(wanted, rel=0.1)


def test_the_two_layer_network():
    model = MLP((1, 4, 5), hidden=6, classes=3)
    assert [parameter.shape for parameter in model.parameters()] == [(6, 20), (6,), (3, 6), (3,)]
    assert list(model.state_dict()) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert model(mg.zeros(2, 1, 4, 5)).shape == (2, 3)
