"""Diagnoses: each verdict on a history that is made for it, none on a healthy one, and both on small trainings."""

import math
import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset, datasets, split
from minigrad.errors import DataError
from minigrad.models import MLP
from minigrad.optim import regularize
from minigrad.train import DivergenceError, Epoch, History, Look, Step, babysit, diagnose, fit
from minigrad.train.diagnosis.curves import Curves
from minigrad.train.diagnosis.labels import suspects

STEPS, EPOCHS = 200, 10
FALLING = 0.2 + 2.1 * np.exp(-np.arange(STEPS) / 40)
LINE = np.linspace(2.3, 2.25, STEPS)


def history(
    losses=FALLING, *, noise=0.05, penalty=0.0, train=0.95, validation=0.93, ratio=1e-3, dead=(0.1, 0.1), batch=32,
    first_ratio=None, roughness=0.9, shrunk=1.0, epochs=EPOCHS, stopped="",
):  # fmt: skip
    """A healthy one, unless it is told otherwise."""
    jumps = noise * np.random.default_rng(0).standard_normal(len(losses))
    steps = [Step(loss + penalty, loss, penalty, train, 0.1) for loss in losses + jumps]
    every = len(losses) // epochs
    epochs = [Epoch(0.3, train, 0.3, validation, 0.1, penalty, every * (n + 1)) for n in range(epochs)]
    looks = []
    for number in range(10):
        size = 1 + (shrunk - 1) * number / 9
        weights = {"0.weight": size, "2.weight": size, "2.bias": 1.0}
        ratios = {"0.weight": ratio if first_ratio is None else first_ratio, "2.weight": ratio, "2.bias": 1.0}
        updates = {name: ratios[name] * value for name, value in weights.items()}
        units = {"relu1": dead[0] if number == 0 else dead[1]}
        looks.append(Look(20 * number + 1, {}, weights, updates, units, roughness={"0.weight": roughness}))
    return History(steps, epochs, looks, {} if batch is None else {"batch_size": batch}, stopped)


FAULTS = {
    "stands still": ({"losses": LINE, "ratio": 1e-6}, "learning rate too low", "the loss barely changes: from 2.3"),
    "on a line": (
        {"losses": np.linspace(2.3, 1.7, STEPS), "ratio": 1e-4}, "learning rate too low",
        r"falls, but nearly on a line: from 2.3\d* to 1.7\d* in 200 steps, and updates are at most 1.0e-04 of",
    ),
    "not finite": (
        {"stopped": "the cost is nan in epoch 1 / 2, batch 9"}, "learning rate too high",
        "the loss explodes: the cost is nan in epoch 1 / 2, batch 9",
    ),
    "explodes": (
        {"losses": np.r_[FALLING[:10], 9 * np.ones(20), LINE]}, "learning rate too high", "it rose to [34]",
    ),
    "flat and high": ({"losses": LINE, "ratio": 0.5}, "learning rate too high", "flat and high, .* up to 5.0e-01 of"),
    "died of it": (
        {"dead": (0.1, 0.9), "ratio": 0.1}, "learning rate too high", "90% of the units of relu1 .* since the start",
    ),
    "born dead": ({"losses": LINE, "dead": (0.9, 0.9)}, "dead ReLUs", "90% of the units of relu1 are 0 for every"),
    "drowned": (
        {"losses": LINE, "penalty": 20.0}, "regularisation drowns the data loss", "90% of the cost is penalty, while",
    ),
    "shrunk": (
        {"losses": LINE, "shrunk": 0.1}, "regularisation drowns the data loss", "have shrunk to 10% of their first",
    ),
    "noise": ({"noise": 0.5}, "batch too small", r"jumps between batches of 32 by 2\d% of its first level"),
    "noise of two": ({"noise": 0.2, "batch": 2}, "batch too small", r"between batches of 2 by \d+%"),
    "noise of unknown": ({"noise": 0.3, "batch": None}, "batch too small", r"between batches by 1\d%"),
    "gap": (
        {"train": 1.0, "validation": 0.7}, "big gap between training and validation",
        "100% of the training examples are right, and 70% of those for validation",
    ),
    "poor": (
        {"losses": np.maximum(FALLING, 1.2), "train": 0.5, "validation": 0.5}, "no gap, and poor",
        "50% of the training examples are right, .* fell by only 0% in the second half",
    ),
    "filters": (
        {"first_ratio": 1e-6}, "noisy first-layer filters",
        "in the filters of 0.weight are as unlike as in noise, 0.90 .* 200 updates together are 0.0002 of the weights",
    ),
}  # fmt: skip

HEALTHY = {
    "plain": {},
    "a slow start": {"losses": np.r_[2.3 * np.ones(60), FALLING]},
    "accurate and flat": {"losses": np.maximum(FALLING, 1.0)},
    "poor and still falling": {"losses": np.linspace(2.3, 1.5, STEPS), "train": 0.5, "validation": 0.5},
    "noise of large batches": {"noise": 0.2},
    "dead in small batches": {"dead": (0.9, 0.9), "batch": 2},
    "smooth filters that stand still": {"first_ratio": 0.0, "roughness": 0.3},
    "a penalty that outlives the data loss": {"losses": np.maximum(FALLING - 0.2, 1e-3), "penalty": 0.5, "noise": 0.0},
    "high rates that work": {"ratio": 0.1},
    "poor after a few epochs": {"losses": np.maximum(FALLING, 1.2), "train": 0.5, "validation": 0.5, "epochs": 7},
    "filters as slow as all": {"first_ratio": 2e-4},
    "filters that fall behind, and move": {"first_ratio": 5e-3, "ratio": 0.1},
}


@pytest.mark.parametrize(("made", "name", "evidence"), FAULTS.values(), ids=FAULTS)
def test_each_fault_has_its_verdict_and_no_other(made, name, evidence):
    found = diagnose(history(**made))
    assert found.names == (name,)
    assert re.search(evidence, found[name].evidence), found[name].evidence
    assert not found.healthy
    assert str(found) == f"{name}: {found[name].evidence}; {found[name].suggestion}"


@pytest.mark.parametrize("made", HEALTHY.values(), ids=HEALTHY)
def test_a_healthy_training_has_none(made):
    found = diagnose(history(**made))
    assert found.healthy, str(found)
    assert str(found) == "nothing looks wrong with this training"


def test_what_keeps_a_network_from_learning_is_told_alone():
    found = diagnose(history(losses=LINE, ratio=1e-6, train=0.9, validation=0.1, noise=0.5))
    assert found.names == ("learning rate too low",)
    both = diagnose(history(train=0.9, validation=0.1, noise=0.5))
    assert both.names == ("batch too small", "big gap between training and validation")
    assert len(str(both).splitlines()) == 2


def test_without_looks_the_curves_still_speak():
    still, exploding, healthy = (history(losses) for losses in (LINE, np.r_[FALLING, 9 * np.ones(30)], FALLING))
    for made in (still, exploding, healthy):
        made.looks.clear()
    assert [diagnose(made).names for made in (still, exploding, healthy)] == [
        ("learning rate too low",), ("learning rate too high",), (),
    ]  # fmt: skip


@pytest.mark.parametrize("length", [0, 1, 2, 5, 19])
@pytest.mark.filterwarnings("error")
def test_a_history_that_is_too_short_says_nothing(length):
    made = history(LINE, ratio=1e-6)
    assert diagnose(History(made.steps[:length], [], made.looks[:1])).healthy


@pytest.mark.filterwarnings("error")
def test_figures_that_are_not_finite_are_borne():
    made = history(losses=np.r_[FALLING[:30], [math.inf] * 10], noise=0.0)
    look = made.looks[-1]
    made.looks.append(
        Look(40, {}, look.weights, dict.fromkeys(look.updates, math.nan), {}, roughness={"0.weight": math.nan})
    )
    assert diagnose(made).names == ("learning rate too high",)


def test_noise_is_that_between_batches_and_no_trend():
    falling, flat = (Curves(history(losses, noise=0.0)) for losses in (np.linspace(2.0, 1.0, STEPS), np.ones(STEPS)))
    assert (falling.noise, flat.noise) == (pytest.approx(0.0, abs=2e-3), 0.0)
    assert Curves(history(np.ones(2000), noise=0.1)).noise == pytest.approx(0.1, rel=0.1)


def digits():
    """Digits to train on and to validate on, centred."""
    images, labels = datasets.digits()[:]
    return split(ArrayDataset(images - images.mean(), labels), [1000, 500, 297], seed=0)[:2]


def trained(train=None, *, hidden=64, lr=0.05, epochs=6, batch_size=32, weights=1.0, bias=0.0, **options):
    parts = digits()
    mg.manual_seed(0)
    model = MLP((1, 8, 8), hidden)
    with mg.no_grad():
        nn.init.constant_(model.fc1.bias, bias)
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    options = {"progress": False, "seed": 0, "look_every": 20} | options
    try:
        made = fit(
            model, train or parts[0], parts[1], epochs=epochs, optimizer=optimizer, batch_size=batch_size, **options
        )
    except DivergenceError as error:
        made = error.history
    return model, made


REAL = {
    "healthy": ({}, ()),
    "too low": ({"lr": 1e-6}, ("learning rate too low",)),
    "too high": ({"lr": 1e3}, ("learning rate too high",)),
    "infinite": ({"lr": 1e30}, ("learning rate too high",)),
    "small batches": ({"batch_size": 2, "lr": 0.002, "epochs": 2}, ("batch too small",)),
    "little data": (
        {"train": ArrayDataset(*digits()[0][:40]), "epochs": 60}, ("big gap between training and validation",)
    ),
    "little capacity": ({"hidden": 1, "epochs": 20}, ("no gap, and poor",)),
    "dead": ({"bias": -30.0}, ("dead ReLUs",)),
    "drowned": ({"penalty": regularize.L2(1.0)}, ("regularisation drowns the data loss",)),
}  # fmt: skip


@pytest.mark.parametrize(("options", "names"), REAL.values(), ids=REAL)
def test_trainings_with_a_fault_and_without(options, names):
    assert diagnose(trained(**options)[1]).names == names


def test_filters_that_are_not_trained_stay_noise():
    train, validation = digits()
    mg.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 10))
    nn.init.kaiming_normal_(model[0].weight)
    model[0].weight.requires_grad = False
    optimizer = optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.02, momentum=0.9)
    made = fit(model, train, validation, epochs=4, optimizer=optimizer, batch_size=32, seed=0, progress=False)
    assert diagnose(made).names == ("noisy first-layer filters",)


def test_suspect_labels_are_found_and_the_worst_come_first():
    train, _ = digits()
    images, labels = train[:]
    wrong = np.arange(0, 1000, 10)
    changed = labels.copy()
    changed[wrong] = (labels[wrong] + np.random.default_rng(0).integers(1, 10, 100)) % 10
    model, made = trained(ArrayDataset(images, changed))
    model.train()
    found = diagnose(made, model=model, data=ArrayDataset(images, changed))
    verdict = found["suspect labels"]
    assert len({*verdict.examples} & {*wrong}) > 0.9 * len(verdict.examples) > 15
    assert set(verdict.examples[:10]) <= {*wrong}
    assert str(verdict.examples[0]) in verdict.evidence
    assert model.training
    assert diagnose(made, model=model, data=train).healthy


def test_a_label_is_suspect_if_it_is_no_likely_one_and_another_is_sure():
    rest = np.arange(9, 0, -1) / 45  # of the classes 1 to 9, the more probable first
    sure, unsure = (np.log(np.r_[first, (1 - first) * rest]) for first in (0.9, 0.3))
    logs = np.array([sure, sure, sure, sure, sure, unsure])
    labels = np.array([0, 0, 3, 9, 2, 9])
    assert suspects(logs, labels).tolist() == [3, 2]


def test_a_network_that_knows_little_judges_no_labels():
    train, _ = digits()
    mg.manual_seed(0)
    assert diagnose(history(), model=MLP((1, 8, 8)), data=train).healthy


def test_a_model_without_data_is_refused():
    for given in ({"model": MLP((1, 8, 8))}, {"data": digits()[0]}):
        with pytest.raises(DataError, match="diagnose: to find suspect labels it needs both a model and data"):
            diagnose(history(), **given)


@pytest.mark.parametrize("callback", ["on_epoch", "on_step"])
def test_babysitting_says_each_verdict_once(capsys, callback):
    _, made = trained(lr=1e-6, **{callback: babysit})
    line, = capsys.readouterr().out.splitlines()  # fmt: skip
    assert line.startswith("learning rate too low: the loss barely changes: from 2.")
    assert len(made.epochs) == 6


def test_babysitting_a_healthy_training_says_nothing_and_changes_nothing(capsys):
    _, plain = trained()
    _, watched = trained(on_step=babysit, on_epoch=babysit)
    assert capsys.readouterr().out == ""
    assert (watched.steps, watched.epochs) == (plain.steps, plain.epochs)


def test_a_function_may_stop_on_a_verdict():
    def stop(run):
        babysit(run)
        run.stop = bool(run.said)

    assert len(trained(lr=1e-6, on_epoch=stop)[1].epochs) == 1
