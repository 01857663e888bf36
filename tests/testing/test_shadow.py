import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.errors import DataError
from minigrad.testing import float64_shadow


def network():
    mg.manual_seed(0)
    return nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Dropout(0.5), nn.Linear(30, 4))


def batch():
    rng = np.random.default_rng(0)
    return mg.from_numpy(rng.standard_normal((8, 20)).astype(np.float32)), mg.from_numpy(rng.integers(0, 4, 8))


def test_every_layer_and_gradient_is_listed_with_its_error():
    shadow = float64_shadow(network(), batch(), F.cross_entropy)
    names = ["0", "1", "2", "3", "loss", "0.weight", "0.bias", "3.weight", "3.bias"]
    assert [row.name for row in shadow.rows] == names
    assert [row.kind for row in shadow.rows[:5]] == ["Linear", "ReLU", "Dropout", "Linear", "loss"]
    assert all(0 < row.units < 20 for row in shadow.rows)
    head, first, *_ = str(shadow).splitlines()
    assert head.split() == ["name", "size", "largest", "error", "in", "units", "of", "rounding"]
    assert first.split()[:2] == ["0", "Linear"]


def test_dropout_is_the_same_in_both_and_nothing_changes():
    model, (inputs, labels) = network(), batch()
    before, state = model.state_dict()["0.weight"].numpy().copy(), mg.get_rng_state()
    shadow = float64_shadow(model, (inputs, labels))
    assert shadow["2"].error < 1e-5
    assert mg.get_rng_state() == state
    assert (model.state_dict()["0.weight"].numpy() == before).all()
    assert model[0].weight.grad is None
    assert not model[0]._hooks


def test_a_layer_that_loses_digits_shows():
    class Cancelling(nn.Module):
        def forward(self, input):
            return (input + 1e4) - 1e4

    shadow = float64_shadow(nn.Sequential(nn.Linear(20, 4), Cancelling()), batch())
    assert shadow["1"].units > 100 * shadow["0"].units


def test_a_model_without_less_than_float64_is_refused():
    message = "float64_shadow: a model with parameters of one dtype is required, and less than float64"
    for model in (nn.ReLU(), network().double()):
        with pytest.raises(DataError, match=message):
            float64_shadow(model, batch())


def test_gradients_of_earlier_steps_are_not_counted():
    model, (inputs, labels) = network().eval(), batch()
    before = float64_shadow(model, (inputs, labels), F.cross_entropy)
    F.cross_entropy(model(inputs), labels).backward()
    held = model[0].weight.grad.numpy().copy()
    assert float64_shadow(model, (inputs, labels), F.cross_entropy) == before
    assert (model[0].weight.grad.numpy() == held).all()


class Giving(nn.Linear):
    """A layer whose output is something else than a tensor."""

    def __init__(self, give):
        super().__init__(20, 4)
        self.give = give

    def forward(self, input):
        return self.give(super().forward(input))


@pytest.mark.parametrize(
    ("give", "rows"), [(lambda x: {"a": x}, 1), (lambda x: [x], 1), (lambda x: None, 0), (lambda x: ((),), 0)]
)
def test_layers_may_give_what_is_no_tensor(give, rows):
    assert len(float64_shadow(Giving(give), batch()).rows) == rows


def test_what_cannot_be_tabulated_is_said():
    shadow = float64_shadow(network(), batch())
    with pytest.raises(DataError, match="no row is called '7'; there are 0, 1, 2, 3"):
        shadow["7"]
    with pytest.raises(DataError, match="the loss must be a tensor, got 3"):
        float64_shadow(network(), batch(), lambda *_: 3.0)

    class Branching(nn.Sequential):
        def forward(self, input):
            return input if input.dtype == mg.float64 else super().forward(input)

    with pytest.raises(DataError, match=r"the same layers must run in both; \['0'\] ran, and in float64 \[\]"):
        float64_shadow(Branching(nn.Linear(20, 4)), batch())


def test_an_error_where_the_exact_values_are_0_is_seen():
    shadow = float64_shadow(Giving(lambda x: x * 0 + (0 if x.dtype == mg.float64 else 1e-3)), batch())
    assert shadow["model"].units == float("inf")
