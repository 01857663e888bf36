import pytest

import minigrad as mg
from minigrad.errors import DataError
from minigrad.models import MODELS, ConvNet, build_model
from minigrad.ops.update import without_random_fills


@pytest.mark.parametrize("name", MODELS)
def test_a_model_takes_the_image_it_was_made_for_and_any_number_of_classes(name):
    in_shape = MODELS[name].in_shape
    with without_random_fills():
        model = build_model(name, in_shape=in_shape, classes=7).to("meta").eval()
    assert model(mg.zeros(2, *in_shape, device="meta")).shape == (2, 7)


def test_arguments_reach_the_model():
    model = build_model("convnet", in_shape=(1, 8, 8), blocks=1, channels=4)
    assert isinstance(model, ConvNet)
    assert model[0].weight.shape == (4, 1, 3, 3)


def test_what_is_not_known_is_refused():
    with pytest.raises(DataError, match="no network is called 'gpt'; there are convnet, two_layer_net, lenet, mlp, "):
        build_model("gpt")
    with pytest.raises(DataError, match="mlp takes in_shape, hidden, classes; it does not take depth, width"):
        build_model("mlp", depth=3, width=2)
