"""Initial values: their statistics lie within five standard errors of the theory."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn
from minigrad.errors import MinigradError, ShapeError
from minigrad.nn import init


@pytest.fixture(autouse=True)
def _seeded():
    state = mg.get_rng_state()
    mg.manual_seed(0)
    yield
    mg.set_rng_state(state)


def empty(*shape, dtype=mg.float64):
    return mg.empty(*shape, dtype=dtype, device="reference")


def check_moments(values, mean, std, kurtosis):
    """Mean and deviation of a sample; the kurtosis of its distribution says how far the deviation may stray."""
    count = values.size
    assert abs(values.mean() - mean) < 5 * std / math.sqrt(count)
    assert abs(values.std() / std - 1) < 5 * math.sqrt((kurtosis - 1) / (4 * count))


def check_normal(values, mean, std):
    check_moments(values, mean, std, kurtosis=3.0)
    within_one_deviation = np.mean(abs(values - mean) < std)
    assert abs(within_one_deviation - 0.6827) < 5 * math.sqrt(0.6827 * 0.3173 / values.size)


def check_uniform(values, low, high):
    check_moments(values, (low + high) / 2, (high - low) / math.sqrt(12), kurtosis=1.8)
    assert low <= values.min() < low + (high - low) * 0.01
    assert high - (high - low) * 0.01 < values.max() <= high


def test_normal():
    check_normal(init.normal_(empty(4000), 3.0, 0.5).numpy(), 3.0, 0.5)


def test_xavier_is_between_the_fans():
    weight = empty(40, 10, 5, 5)
    deviation = math.sqrt(2 / (10 * 25 + 40 * 25))
    check_normal(init.xavier_normal_(weight).numpy(), 0.0, deviation)
    bound = 2.0 * deviation * math.sqrt(3)
    check_uniform(init.xavier_uniform_(weight, gain=2.0).numpy(), -bound, bound)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (5, 2, 3, 3), (40, 2, 3, 3), (0, 3), (3, 0)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    matrix = init.orthogonal_(empty(*shape), gain=3.0).numpy().reshape(shape[0], math.prod(shape[1:])) / 3.0
    product = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-12)


def test_orthogonal_signs_are_even():
    signs = [np.sign(init.orthogonal_(empty(1, 1)).item()) for _ in range(400)]
    assert abs(sum(signs)) < 5 * math.sqrt(400)


def test_fans_need_two_axes():
    for initialise in (init.xavier_normal_, init.xavier_uniform_, init.orthogonal_):
        weight = mg.ones(3)
        with pytest.raises(ShapeError, match=f"^{initialise.__name__}: a weight needs two axes"):
            initialise(weight)
        assert weight.tolist() == [1.0, 1.0, 1.0]


def test_ones():
    assert init.ones_(empty(3)).tolist() == [1.0, 1.0, 1.0]


def test_uniform():
    check_uniform(init.uniform_(empty(4000), -1.0, 3.0).numpy(), -1.0, 3.0)


def test_small_gaussian():
    check_normal(init.small_gaussian_(empty(4000)).numpy(), 0.0, 0.01)


@pytest.mark.parametrize(
    ("settings", "variance"),
    [
        ({}, 2 / 100),
        ({"a": 2.0}, 2 / 5 / 100),
        ({"mode": "fan_out", "nonlinearity": "relu"}, 2 / 400),
        ({"nonlinearity": "linear"}, 1 / 100),
        ({"nonlinearity": "tanh"}, 25 / 9 / 100),
    ],
)
def test_kaiming(settings, variance):
    weight = empty(40, 10, 2, 5)
    check_normal(init.kaiming_normal_(weight, **settings).numpy(), 0.0, math.sqrt(variance))
    bound = math.sqrt(3 * variance)
    check_uniform(init.kaiming_uniform_(weight, **settings).numpy(), -bound, bound)


@pytest.mark.parametrize(
    ("name", "param", "gain"),
    [
        ("conv2d", None, 1.0),
        ("sigmoid", None, 1.0),
        ("tanh", None, 5 / 3),
        ("relu", 3.0, math.sqrt(2)),
        ("leaky_relu", None, math.sqrt(2 / 1.0001)),
        ("leaky_relu", 1.0, 1.0),
        ("selu", None, 0.75),
    ],
)
def test_gains(name, param, gain):
    assert init.calculate_gain(name, param) == pytest.approx(gain)


def test_kaiming_keeps_the_scale_of_activations_by_fan_in_and_of_gradients_by_fan_out():
    for mode, outputs, inputs in (("fan_in", 80, 40), ("fan_out", 40, 80)):
        x = init.normal_(empty(16, 40))
        for _ in range(3):
            weight = init.kaiming_normal_(empty(outputs, inputs), mode=mode)
            x = mg.relu(x @ (weight.T if mode == "fan_in" else weight))[:, :40]
        assert 0.5 < float((x * x).mean()) < 2.0


def test_apply_initialises_a_network():
    net = nn.Sequential(nn.Linear(3, 2, device="reference"), nn.Sequential(nn.Linear(2, 2, device="reference")))
    net.apply(lambda module: init.constant_(module.weight, val=2.0) if isinstance(module, nn.Linear) else None)
    assert [parameter.tolist() for name, parameter in net.named_parameters() if "weight" in name] == [
        [[2.0] * 3] * 2,
        [[2.0] * 2] * 2,
    ]


def test_the_filters_of_a_position_are_weights_of_their_own():
    layer = nn.LocallyConnected2d(1, 2, 3, 2, device="reference")
    with mg.no_grad():
        init.constant_(layer.weight[0, 1], 5.0)
    assert (layer.weight.detach().numpy() == 5.0).sum(axis=(2, 3, 4, 5)).tolist() == [[0, 8], [0, 0]]


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Linear(100, 40, device="reference"),
        lambda: nn.Conv1d(40, 40, 5, groups=2, device="reference"),
        lambda: nn.Conv2d(20, 40, (2, 5), groups=2, device="reference"),
        lambda: nn.ConvTranspose2d(4, 40, (2, 5), groups=4, device="reference"),
        lambda: nn.LocallyConnected2d(10, 5, (3, 11), (2, 5), (1, 2), device="reference"),
    ],
    ids=["Linear", "Conv1d", "Conv2d", "ConvTranspose2d", "LocallyConnected2d"],
)
def test_layers_start_as_pytorch_s_do(make):
    layer = make()
    check_uniform(layer.weight.detach().numpy().astype(float), -0.1, 0.1)
    assert abs(layer.bias.detach().numpy()).max() <= 0.1
    assert np.unique(layer.bias.detach().numpy()).size > 30


@pytest.mark.parametrize(
    ("shape", "expected"), [((4, 3), (3, 4)), ((8, 3, 5, 2), (30, 80)), ((4, 0), (0, 4)), ((4, 3, 0, 2), (0, 0))]
)
def test_fans(shape, expected):
    assert init.fans(empty(*shape)) == expected


def test_a_vector_has_no_fans():
    with pytest.raises(ShapeError, match=r"fans: a weight needs two axes"):
        init.fans(empty(3))


def test_constants():
    assert init.constant_(empty(3), 2.5).tolist() == [2.5] * 3
    assert init.zeros_(empty(3)).tolist() == [0.0] * 3


def test_initialisers_work_in_place_on_parameters():
    weight = nn.Parameter(mg.zeros(2, 2, device="reference"))
    assert init.kaiming_normal_(weight) is weight
    assert weight.requires_grad
    assert weight.is_leaf
    assert 0.0 not in weight.detach().numpy()


def test_the_same_seed_gives_the_same_bits():
    def weights():
        mg.manual_seed(5)
        return nn.Conv2d(2, 3, 3, device="reference").state_dict()

    first, second = weights(), weights()
    assert all(first[name].tolist() == second[name].tolist() for name in first)


def test_layers_of_one_seed_differ_from_each_other():
    first, second = nn.Linear(4, 4, device="reference"), nn.Linear(4, 4, device="reference")
    assert first.weight.tolist() != second.weight.tolist()


def test_a_layer_without_inputs_is_made():
    layer = nn.Linear(0, 3, device="reference")
    assert layer.weight.shape == (3, 0)
    assert layer.bias.tolist() == [0.0] * 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: init.normal_(empty(2), 0.0, -1.0), "normal_: std must be a number of at least 0, got -1.0"),
        (lambda: init.uniform_(empty(2), 1.0, 0.0), "uniform_: a must not exceed b"),
        (lambda: init.normal_(empty(2, dtype=mg.int64)), "normal_: tensor must be float"),
        (lambda: init.uniform_(empty(2), a=1.0, b=0.0), "uniform_: a must not exceed b"),
        (lambda: init.kaiming_normal_([1.0]), "kaiming_normal_: tensor must be a Tensor"),
        (
            lambda: init.kaiming_uniform_(empty(2, 2), mode="fan"),
            "mode must be 'fan_in' or 'fan_out', got 'fan'",
        ),
        (
            lambda: init.kaiming_normal_(empty(2, 2), nonlinearity="step"),
            "kaiming_normal_: nonlinearity must be 'linear', .* or 'leaky_relu', got 'step'",
        ),
    ],
)
def test_wrong_settings_draw_nothing(call, message):
    with pytest.raises(MinigradError, match=message):
        call()
    assert mg.get_rng_state()["initialisation"] == 0
