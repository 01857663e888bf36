"""A look at the start: scales of activations and gradients, and what they mean."""

import sys

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn
from minigrad.errors import DataError, DTypeError, MinigradError
from minigrad.models import build_model
from minigrad.train import look
from tests.train.states import everything

RNG = np.random.default_rng(0)
INPUTS = RNG.standard_normal((64, 40), np.float32)
LABELS = RNG.integers(0, 4, 64)


def deep(activation, draw, bias=0.0, depth=6):
    """`depth` layers of 40 units and one of 4."""
    layers = []
    for _ in range(depth):
        linear = nn.Linear(40, 40)
        draw(linear.weight)
        nn.init.constant_(linear.bias, bias)
        layers += [linear, activation()]
    return nn.Sequential(*layers, nn.Linear(40, 4))


def normal(std):
    return lambda weight: nn.init.normal_(weight, 0.0, std)


def kaiming(weight):
    nn.init.kaiming_normal_(weight, nonlinearity="relu")


GOOD = {
    "relu": (nn.ReLU, kaiming),
    "tanh": (nn.Tanh, nn.init.xavier_normal_),
    "orthogonal": (nn.ReLU, nn.init.orthogonal_),
}
BAD = {
    "zero weights": ((nn.ReLU, nn.init.zeros_), "0.weight, 2.weight, 4.weight, 6.weight and 2 more: weights are all"),
    "dies out": (
        (nn.Tanh, normal(0.01)),
        "2 Linear and 9 later layers: activations die out, their deviation from example to example is ",
    ),
    "explodes": ((nn.ReLU, normal(2.0)), "2 Linear and 9 later layers: activations explode, their deviation is "),
    "saturated": ((nn.Tanh, normal(2.0)), "1 Tanh and 5 later layers: saturated, "),
    "dead": ((nn.ReLU, kaiming, -9.0), "1 ReLU and 5 later layers: dead ReLUs, "),
    "gradient vanishes": ((nn.Tanh, normal(0.01)), " earlier layers: the gradient vanishes on its way down, to "),
    "gradient explodes": ((nn.ReLU, normal(2.0)), " earlier layers: the gradient explodes on its way down, to "),
    "not finite": ((nn.ReLU, normal(1e10)), " later layers: activations are not finite; the weights are too large"),
    "zero gradient": ((nn.ReLU, nn.init.zeros_), "0.weight, 0.bias, 2.weight, 2.bias and 9 more: the gradient is zero"),
}


@pytest.mark.parametrize("start", GOOD.values(), ids=GOOD)
def test_a_good_start_is_left_in_peace(start):
    mg.manual_seed(0)
    scales = look(deep(*start), INPUTS, LABELS)
    assert scales.verdicts == ()
    assert str(scales).endswith("nothing looks wrong with these scales")


@pytest.mark.parametrize("name", ["convnet", "lenet", "mlp"])
def test_our_models_start_well(name):
    mg.manual_seed(0)
    coarse = np.random.default_rng(1).standard_normal((64, 3, 4, 4), np.float32)  # as smooth as photographs
    images = np.kron(coarse, np.ones((8, 8), np.float32))
    assert look(build_model(name, in_shape=(3, 32, 32)), images, np.arange(64) % 10).verdicts == ()


@pytest.mark.parametrize(("word", "case"), BAD.items(), ids=BAD)
def test_a_bad_start_is_put_into_words(word, case):
    start, words = case
    mg.manual_seed(0)
    scales = look(deep(*start), INPUTS, LABELS)
    (verdict,) = [verdict for verdict in scales.verdicts if verdict.word == word]
    assert words in verdict.text
    assert verdict.text in str(scales)


def test_biases_do_not_hide_that_activations_die_out():
    mg.manual_seed(0)
    model = deep(nn.Tanh, normal(0.01))
    for layer in model[::2]:
        nn.init.normal_(layer.bias)
    scales = look(model, INPUTS)
    assert [verdict.word for verdict in scales.verdicts] == ["dies out"]
    assert scales.layers[-2].activation.std > 0.5


def test_a_verdict_stands_beside_its_layers():
    mg.manual_seed(0)
    lines = str(look(deep(nn.Tanh, normal(2.0)), INPUTS)).splitlines()
    assert [line.split()[0] for line in lines if line.endswith("  saturated")] == ["1", "3", "5", "7", "9", "11"]


def test_the_figures_are_those_of_the_batch():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    model.load_state_dict(
        {"0.weight": np.array([[1, 0], [0, -1]], np.float32), "0.bias": np.array([0, -10], np.float32)}
    )
    scales = look(model, np.array([[1, 2], [3, 4]], np.float32), np.array([0.0, 1.0], np.float32), lambda s, _: s.sum())
    linear, relu = scales.layers
    assert scales.input == pytest.approx((2.5, np.sqrt(1.25)))
    assert linear.activation == pytest.approx(((1 - 12 + 3 - 14) / 4, np.std([1, -12, 3, -14])))
    assert linear.gradient == pytest.approx((0.5, 0.5))
    assert scales.input_variation == pytest.approx(1)
    assert linear.variation == pytest.approx(1)
    assert relu.variation == pytest.approx(np.sqrt(0.5))
    assert linear.gradient_norm == pytest.approx(np.sqrt(2))
    assert relu.gradient == pytest.approx((1, 0))
    assert (relu.units, relu.dead) == (2, 1)
    assert sum(relu.counts) == 4
    weight, bias = scales.parameters
    assert (weight.name, weight.shape, bias.name) == ("0.weight", (2, 2), "0.bias")
    assert weight.value == pytest.approx((0, np.sqrt(0.5)))
    assert weight.gradient == pytest.approx((2.5, np.std([4, 6, 0, 0])))


def test_without_labels_there_are_no_gradients():
    scales = look(deep(nn.ReLU, kaiming), INPUTS)
    assert all(row.gradient is None for row in (*scales.layers, *scales.parameters))
    assert scales.verdicts == ()


def test_functions_that_a_forward_calls_are_listed_too():
    class Net(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(40, 40)
            self.relu = nn.ReLU()

        def forward(self, x):
            return F.tanh(F.relu(self.fc(self.relu(self.fc(x)).flatten(1))))

    rows = [(row.name, row.layer) for row in look(Net(), INPUTS).layers]
    assert rows == [
        *(("fc", "Linear"), ("relu", "ReLU"), ("fc (2)", "Linear"), ("forward", "F.relu"), ("forward (2)", "F.tanh"))
    ]


def test_parameters_that_the_loss_does_not_depend_on_are_named():
    model = nn.Linear(40, 4)
    model.forgotten = nn.Parameter(mg.ones(3))
    verdicts = look(model, INPUTS, LABELS).verdicts
    assert [verdict.text for verdict in verdicts] == ["forgotten: no gradient; frozen, or not used in forward"]


@pytest.mark.parametrize(("fill", "word"), [(np.nan, "not finite"), (3.0, "constant")])
def test_inputs_that_say_nothing_are_noticed(fill, word):
    assert look(deep(nn.ReLU, kaiming), np.full_like(INPUTS, fill)).verdicts[0].word == word


def noisy():
    """Of everything that a forward pass changes: running statistics, a random stream, gradients, modes, hooks."""
    model = nn.Sequential(nn.Linear(40, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))
    model[2].eval()
    model.register_forward_hook(lambda *_: None)
    F.cross_entropy(model(mg.tensor(INPUTS)), mg.tensor(LABELS)).backward()
    return model


def test_looking_changes_nothing():
    model = noisy()
    before = everything(model)
    inputs = INPUTS.copy()
    assert look(model, inputs, LABELS).layers[1].layer == "BatchNorm1d"
    assert everything(model) == before
    assert np.array_equal(inputs, INPUTS)


@pytest.mark.parametrize("what", ["forward", "loss"])
def test_after_an_error_nothing_has_changed_either(what):
    model = noisy()
    if what == "forward":
        model.append(nn.Linear(5, 5))

    def broken(scores, labels):
        F.dropout(scores, 0.5)
        raise ZeroDivisionError

    before = everything(model)
    with pytest.raises((MinigradError, ZeroDivisionError)):
        look(model, INPUTS, LABELS, broken)
    assert everything(model) == before


def test_what_is_no_batch_is_refused():
    with pytest.raises(DataError, match=r"look: needs a batch with examples, got float32\[0, 40\]"):
        look(nn.Linear(40, 4), INPUTS[:0])
    with pytest.raises(DTypeError, match="look: batch must be a Tensor"):
        look(nn.Linear(40, 4), [[1.0]])


@pytest.mark.parametrize("start", [*GOOD.values(), *(start for start, _ in BAD.values())], ids=[*GOOD, *BAD])
def test_the_picture_is_a_png_in_a_folder_made_for_it(start, tmp_path):
    path = look(deep(*start), INPUTS, LABELS).plot(tmp_path / "deep" / "start.png")
    assert path == tmp_path / "deep" / "start.png"
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert "matplotlib.pyplot" not in sys.modules


def test_without_matplotlib_the_error_names_the_extra(tmp_path, monkeypatch):
    scales = look(nn.Linear(40, 4), INPUTS)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MinigradError, match=r"look: matplotlib is not installed.*extra 'plot'"):
        scales.plot(tmp_path / "start.png")
    assert not list(tmp_path.iterdir())
