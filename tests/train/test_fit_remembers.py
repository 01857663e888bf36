"""What `fit` remembers, shows, and tells its callbacks."""

import io
import re
import sys
import time

import numpy as np
import pytest

from minigrad import nn, optim
from minigrad.data import ArrayDataset
from minigrad.optim import regularize
from minigrad.train import DivergenceError, fit, load_history

rng = np.random.default_rng(0)
LABELS = rng.integers(0, 2, 40)
POINTS = (rng.standard_normal((40, 2)) + 2 * LABELS[:, None]).astype(np.float32)
DATA = ArrayDataset(POINTS, LABELS.astype(np.int64))


def network():
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
    rng = np.random.default_rng(1)
    model.load_state_dict({name: rng.standard_normal(value.shape) for name, value in model.state_dict().items()})
    return model


def run(model=None, *, lr=0.1, epochs=2, **options):
    model = model or network()
    options = {"batch_size": 16, "seed": 0, "progress": False} | options
    return fit(model, DATA, DATA, epochs=epochs, optimizer=optim.SGD(model.parameters(), lr=lr), **options)


def test_data_loss_and_regularisation_loss_are_told_apart():
    model, penalty = network(), regularize.L2(0.5)
    wanted = penalty(model).item()
    plain, history = run(), run(model, penalty=penalty)
    assert [(step.cost, step.penalty) for step in plain.steps] == [(step.data_loss, 0.0) for step in plain.steps]
    assert history.steps[0].penalty == pytest.approx(wanted)
    assert history.steps[0].data_loss == plain.steps[0].data_loss
    for step in history.steps:
        assert step.cost == pytest.approx(step.data_loss + step.penalty)
    sizes = [16, 16, 8] * 2
    for number, epoch in enumerate(history.epochs):
        part = slice(3 * number, 3 * number + 3)
        mean = np.average([step.penalty for step in history.steps[part]], weights=sizes[part])
        assert epoch.penalty == pytest.approx(mean)
        assert epoch.steps == part.stop


def test_every_step_has_its_accuracy_and_its_rate():
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    schedule = optim.lr_scheduler.StepLR(optimizer, 2)
    history = fit(
        model, DATA, DATA, epochs=2, optimizer=optimizer, batch_size=16, seed=0, schedule=schedule, progress=False
    )
    assert [step.lr for step in history.steps] == pytest.approx([0.5, 0.5, 0.05, 0.05, 0.005, 0.005])
    means = np.average([step.accuracy for step in history.steps[:3]], weights=[16, 16, 8])
    assert history.epochs[0].train_accuracy == pytest.approx(means)


def test_a_look_measures_gradients_weights_updates_and_dead_units():
    model = network()
    before = {name: value.detach().numpy().copy() for name, value in model.named_parameters()}
    seen = []

    def after_step(state):
        if state.step == 1:
            seen.append({name: value.detach().numpy().copy() for name, value in model.named_parameters()})
            seen.append({name: value.grad.numpy().copy() for name, value in model.named_parameters()})

    history = run(model, look_every=4, on_step=after_step)
    assert [look.look for look in history.looks] == [1, 5]
    after, gradients = seen
    for name, first in before.items():
        assert history.looks[0].weights[name] == pytest.approx(np.linalg.norm(first))
        assert history.looks[0].gradients[name] == pytest.approx(np.linalg.norm(gradients[name]))
        assert history.looks[0].updates[name] == pytest.approx(np.linalg.norm(after[name] - first))
        assert history.looks[0].ratios[name] == pytest.approx(
            0.1 * np.linalg.norm(gradients[name] / np.linalg.norm(first))
        )


def test_a_look_measures_what_comes_out_of_every_layer():
    model = nn.Sequential(nn.Flatten(), nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2))
    outputs = []
    for layer in model[1:]:
        layer.register_forward_hook(lambda *found: outputs.append(found[-1].detach().numpy()))
    history = run(model, epochs=1, look_every=5)
    look = history.looks[0]
    assert list(look.activation_means) == list(look.activation_stds) == ["1", "2", "3"]  # Flatten gives its input
    for name, output in zip(look.activation_means, outputs[:3], strict=True):
        assert look.activation_means[name] == pytest.approx(output.mean(dtype=float))
        assert look.activation_stds[name] == pytest.approx(output.std(dtype=float))
    assert not any(layer._pre_hooks or len(layer._hooks) > 1 for layer in model)


def test_units_that_are_never_above_zero_are_dead():
    model = network()
    weights = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    weights["0.bias"][:3] = -1e3
    weights["0.bias"][3] = 1e3
    model.load_state_dict(weights)
    assert run(model, epochs=1).looks[0].dead == {"relu1": 0.75}
    maps = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU(), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2))
    state = {name: value.numpy().copy() for name, value in maps.state_dict().items()}
    maps.load_state_dict(state | {"0.bias": np.array([1e3, -1e3, 1e3, 1e3])})
    images = ArrayDataset(rng.standard_normal((4, 1, 2, 2)).astype(np.float32), np.zeros(4, np.int64))
    optimizer = optim.SGD(maps.parameters(), lr=0)
    history = fit(maps, images, images, epochs=1, optimizer=optimizer, batch_size=4, progress=False)
    assert history.looks[0].dead == {"relu1": 0.25, "relu2": 0.25}


def test_looking_changes_nothing_and_can_be_left_out():
    plain, looked = run(look_every=0), run(look_every=1)
    assert (plain.looks, len(looked.looks)) == ([], 6)
    assert plain.steps == looked.steps
    assert plain.epochs == looked.epochs


def test_the_log_can_be_followed_and_read_again(tmp_path):
    lengths = []

    def follow(state):
        lengths.append(len(load_history(tmp_path / "log").steps))

    history = run(log=tmp_path / "log", on_step=follow)
    assert lengths == [1, 2, 3, 4, 5, 6]
    assert load_history(tmp_path / "log") == history
    about = {"model": "Sequential", "parameters": 22, "optimizer": "SGD", "loss": "cross_entropy", "batch_size": 16}
    assert about.items() <= history.about.items()


def test_a_training_that_explodes_leaves_its_history(tmp_path):
    with pytest.raises(DivergenceError, match="use a smaller learning rate") as caught:
        run(lr=1e30, log=tmp_path / "log", look_every=1)
    history = load_history(tmp_path / "log")
    assert history == caught.value.history
    assert re.fullmatch(r"the cost is (nan|inf) in epoch 1 / 2, batch \d", history.stopped)
    assert 1 <= len(history.steps) < 6


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_callback_may_end_the_training(step):
    def stop(state):
        state.stop = state.step == step

    history = run(on_step=stop)
    assert len(history.steps) == step
    assert len(history.epochs) == step // 4


def test_a_callback_after_an_epoch_may_end_the_training():
    def stop(state):
        state.stop = state.epoch == 1

    assert len(run(epochs=3, on_epoch=stop).epochs) == 1


def test_max_norm_is_a_callback():
    bound, model = regularize.MaxNorm(0.01), network()
    run(model, on_step=lambda state: bound(state.model))
    assert (np.square(model[0].weight.detach().numpy()).sum(1) <= 0.01 + 1e-6).all()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_bar_shows_loss_accuracy_images_per_second_and_the_time_left(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr("tqdm.tqdm.monitor_interval", 0)
    run(progress=True, on_step=lambda state: time.sleep(0.12))
    bar = sys.stderr.getvalue().split("\r")
    pattern = (
        r"epoch 2 / 2: +\d+%\|.*\| \d\d\.\d/80\.0 \[00:0\d<00:\d\d, .* images/s, loss \d\.\d{4}, accuracy \d\.\d\d\]"
    )
    assert any(re.fullmatch(pattern, text.strip()) for text in bar), bar
