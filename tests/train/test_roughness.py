"""How unlike neighbours in filters are."""

import json

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset
from minigrad.train import Look, fit, load_history, save_history
from minigrad.train.history import History
from minigrad.train.looking import roughness

rng = np.random.default_rng(0)
NOISE = rng.standard_normal((50, 3, 7, 7)).astype(np.float32)
WAVES = np.sin(np.arange(7) / 3)[:, None] * np.cos(np.arange(7) / 3) * rng.standard_normal((50, 3, 1, 1))


def test_noise_is_one_smooth_filters_are_less_and_chessboards_are_two():
    assert roughness(NOISE) == pytest.approx(1, abs=0.05)
    assert roughness(WAVES) < 0.1
    assert roughness(np.ones((4, 3, 5, 5))) == 0
    assert roughness((-1.0) ** np.add.outer(np.arange(5), np.arange(5))[None, None]) == pytest.approx(2)


@pytest.mark.parametrize("scale", [1e-20, 3.0, -1e20])
def test_the_scale_does_not_matter_nor_that_of_a_few_filters(scale):
    assert roughness(NOISE * np.float32(scale)) == pytest.approx(roughness(NOISE), rel=1e-5)
    louder = NOISE * np.where(np.arange(50) < 5, 1e3, 1)[:, None, None, None]
    assert roughness(louder) == pytest.approx(roughness(NOISE), rel=1e-5)


@pytest.mark.filterwarnings("error")
def test_filters_of_zeros_and_of_no_numbers_are_left_out():
    broken = NOISE.copy()
    broken[0], broken[1, 0, 0, 0], broken[2] = 0, np.nan, np.inf
    assert roughness(broken) == pytest.approx(roughness(NOISE[3:]))
    assert np.isnan(roughness(np.zeros((2, 1, 3, 3))))


def looked_at(*layers, shape=(1, 6, 6)):
    mg.manual_seed(0)
    model = nn.Sequential(*layers)
    data = ArrayDataset(rng.standard_normal((8, *shape)).astype(np.float32), np.arange(8) % 2)
    optimizer = optim.SGD(model.parameters(), lr=0.0)
    return model, fit(model, data, data, epochs=1, optimizer=optimizer, batch_size=8, progress=False).looks[0]


def test_a_look_has_the_roughness_of_the_first_layer_if_it_sees_images():
    model, look = looked_at(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    assert look.roughness == {"0.weight": roughness(model[0].weight.detach().numpy())}
    model, look = looked_at(nn.Flatten(), nn.Linear(36, 2))
    assert look.roughness == {"1.weight": roughness(model[1].weight.detach().numpy().reshape(2, 1, 6, 6))}
    assert looked_at(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(72, 2))[1].roughness == {}
    assert looked_at(nn.Linear(36, 2), shape=(36,))[1].roughness == {}


def test_histories_without_it_are_read_and_those_with_it_are_kept(tmp_path):
    look = Look(1, {"w": 1.0}, {"w": 1.0}, {"w": 0.1}, {}, roughness={"w": 0.5})
    save_history(History(looks=[look]), tmp_path)
    path = tmp_path / "history.jsonl"
    assert load_history(path).looks == [look]
    run, line = map(json.loads, path.read_text().splitlines())
    del line["roughness"]
    path.write_text(f"{json.dumps(run)}\n{json.dumps(line)}\n")
    assert load_history(path).looks == [look._replace(roughness={})]
