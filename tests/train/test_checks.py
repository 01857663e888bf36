"""Sanity checks: each fails on a fault that is planted, and passes on a sound network."""

import math
import re
from functools import partial

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad import nn, optim
from minigrad.data import ArrayDataset, DataLoader, Subset, datasets, split
from minigrad.data.preprocess import Centred, channel_mean
from minigrad.errors import DataError, ShapeError
from minigrad.models import build_model
from minigrad.optim import regularize
from minigrad.train import check, checks
from tests.train.states import everything

NAMES = [
    *("centred inputs", "separate validation", "first loss", "regularisation", "gradients", "dead units"),
    *("overfitting", "update ratio"),
]


def blobs(length, seed):
    """Four clouds of points around the corners of a square in 8 dimensions."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(length) % 4)
    points = rng.standard_normal((length, 8)) * 0.5
    points[:, 0] += 2 * (labels % 2) - 1
    points[:, 1] += 2 * (labels // 2) - 1
    return ArrayDataset(points.astype(np.float32), labels)


TRAIN, VALIDATION = blobs(200, seed=0), blobs(50, seed=1)
POINTS, LABELS = TRAIN.arrays


def network():
    mg.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 4))
    nn.init.kaiming_normal_(model[0].weight, nonlinearity="relu")
    return model


def checked(model=None, data=TRAIN, validation=VALIDATION, lr=0.05, **options):
    model = model or network()
    if "optimizer" not in options:
        options["optimizer"] = optim.SGD([p for p in model.parameters() if p.requires_grad], lr=lr, momentum=0.9)
    return check(model, data, validation=validation, **options)


def failed(report):
    return {finding.name for finding in report.findings if finding.passed is False}


def with_weights(change):
    model = network()
    with mg.no_grad():
        change(model)
    return model


class Forgetful(nn.Module):
    """Has a layer that `forward` does not use."""

    def __init__(self):
        self.body, self.forgotten = network(), nn.Linear(4, 4)

    def forward(self, x):
        return self.body(x)


class Softmaxed(nn.Sequential):
    """Gives probabilities to a loss that wants scores."""

    def forward(self, x):
        return F.softmax(super().forward(x) * 0.1, 1)


class Blind(nn.Module):
    """Does not look at its input."""

    def __init__(self):
        self.scores = nn.Parameter(mg.zeros(4))

    def forward(self, x):
        return mg.zeros(len(x), 4) + self.scores


def test_a_sound_network_passes_every_check():
    report = checked()
    assert [finding.name for finding in report.findings] == NAMES
    assert [finding.passed for finding in report.findings] == [True] * len(NAMES)
    assert report.passed


@pytest.mark.parametrize("name", ["convnet", "mlp"])
def test_our_networks_pass_on_digits(name):
    train, validation = split(datasets.digits(), (0.8, 0.2), seed=0)
    mean = channel_mean(train)
    mg.manual_seed(0)
    model = build_model(name, in_shape=(1, 8, 8), classes=10)
    report = checked(model, Centred(train, mean), Centred(validation, mean), lr=0.02)
    assert failed(report) == set()


@pytest.mark.parametrize(("loss", "words"), [(F.cross_entropy, "1.386 (ln 4)"), (F.svm_loss, "3 (4 - 1)")])
def test_the_first_loss_is_that_of_the_loss(loss, words):
    finding = checked(loss=loss, lr=0.005)["first loss"]
    assert finding.passed
    assert finding.expected == f"{words} within 50%"


def test_the_first_loss_of_any_other_loss_is_that_of_equal_scores():
    def smoothed(scores, labels):
        return F.cross_entropy(scores, labels, label_smoothing=0.1)

    finding = checked(loss=smoothed)["first loss"]
    assert finding.passed
    assert finding.expected == "1.386 (that of equal scores) within 50%"


def scaled(model):
    nn.init.normal_(model[3].weight, 0.0, 10.0)


def silenced(model):
    nn.init.constant_(model[0].bias, -100.0)


def zeroed(model):
    for parameter in model.parameters():
        nn.init.zeros_(parameter)


FAULTS = {
    "shifted inputs": (
        lambda: checked(data=ArrayDataset(POINTS + 3, LABELS)),
        {"centred inputs": "; subtract the mean of the training inputs"},
    ),
    "equal inputs": (lambda: checked(data=ArrayDataset(POINTS * 0, LABELS)), {"centred inputs": "found nan;"}),
    "leaked validation examples": (
        lambda: checked(validation=Subset(TRAIN, range(7))),
        {"separate validation": "found 7 of 7; split again"},
    ),
    "large last weights": (lambda: checked(with_weights(scaled)), {"first loss": "; higher: draw smaller weights"}),
    "zero weights": (
        lambda: checked(with_weights(zeroed)),
        {
            "regularisation": "; look whether the penalty has its strength",
            "gradients": "found zero: 0.weight, 0.bias, 3.weight; ",
            "dead units": "found 32 of 32, most in 1; ",
            "overfitting": "; it cannot learn: look at the labels",
        },
    ),
    "a penalty without its strength": (
        lambda: checked(penalty=lambda strength: lambda model: mg.tensor(0.0)),
        {"regularisation": "expected a loss above "},
    ),
    "a penalty of the wrong sign": (
        lambda: checked(penalty=lambda strength: lambda model: -regularize.L2(strength)(model)),
        {"regularisation": "with strength 1000; found -"},
    ),
    "a forgotten layer": (
        lambda: checked(Forgetful()),
        {"gradients": "found none: forgotten.weight, forgotten.bias; none: use it in forward"},
    ),
    "weights that are not finite": (
        lambda: checked(with_weights(lambda model: nn.init.constant_(model[3].bias, math.nan))),
        {
            "gradients": "found not finite: ",
            "first loss": "found nan;",
            "overfitting": "found a loss that is not finite",
        },
    ),
    "an optimiser of the first layer alone": (
        lambda: checked(model := network(), optimizer=optim.SGD(model[0].parameters(), lr=0.1)),
        {"gradients": "found not in the optimiser: 3.weight, 3.bias; "},
    ),
    "a frozen network": (
        lambda: checked(network().requires_grad_(False), optimizer=None),
        {"gradients": "found no parameter that is not frozen;", "overfitting": "after 0 steps of Adam"},
    ),
    "dead ReLUs": (
        lambda: checked(with_weights(silenced)),
        {"dead units": "found 32 of 32, most in 1; look at the biases", "gradients": "found zero: 0.weight, 0.bias"},
    ),
    "labels at random": (
        lambda: checked(data=ArrayDataset(np.sign(POINTS[:, :1]).repeat(8, 1), np.arange(200) % 4)),
        {"overfitting": "; it cannot learn: "},
    ),
    "softmax twice": (
        lambda: checked(Softmaxed(*network())),
        {"overfitting": "the loss (whose scores need no softmax"},
    ),
    "an input that is not used": (lambda: checked(Blind()), {"overfitting": "; it cannot learn: "}),
    "a low rate": (lambda: checked(lr=1e-6), {"update ratio": "; raise the learning rate"}),
    "another network's optimiser": (
        lambda: checked(optimizer=optim.SGD(network().parameters(), lr=0.1)),
        {"update ratio": "found 0.0e+00; most weights stand still: see the gradients", "gradients": "not in the opt"},
    ),
    "a high rate": (lambda: checked(lr=10.0), {"update ratio": "; lower the learning rate"}),
    "a rate that explodes": (lambda: checked(lr=1e30), {"update ratio": "found nan; lower the learning rate"}),
}


@pytest.mark.parametrize(("report", "found"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found(report, found):
    report = report()
    assert not report.passed
    for name, words in found.items():
        assert report[name].passed is False
        assert str(report[name]).startswith(f"FAIL  {name}: expected ")
        assert words in str(report[name])
    assert failed(report) >= set(found)


def test_every_check_has_a_fault_that_it_finds():
    assert {name for _, found in FAULTS.values() for name in found} == set(NAMES)
    assert len(checks.CHECKS) == len(NAMES)


def test_a_check_that_has_nothing_to_look_at_is_skipped():
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))
    report = check(model, TRAIN)
    skipped = [(finding.name, finding.found) for finding in report.findings if finding.passed is None]
    assert skipped == [
        ("separate validation", "no validation set to look at"),
        ("dead units", "no ReLU to look at"),
        ("update ratio", "no optimiser to look at"),
    ]
    assert report.passed
    assert str(report).endswith("\n5 passed, 0 failed, 3 skipped")


def test_frozen_parameters_need_no_gradient():
    model = network()
    model[0].requires_grad_(False)
    assert checked(model)["gradients"].found == "that for all 2"


def test_where_one_rate_fails_another_is_tried(monkeypatch):
    monkeypatch.setattr("minigrad.train.checks.learning._RATES", (1e30, 1e-2, 1e-3))
    finding = checked()["overfitting"]
    assert finding.passed
    assert finding.found.endswith("steps of Adam at 0.01")


def test_where_one_rate_does_no_other_is_tried(monkeypatch):
    tried = []
    monkeypatch.setattr("minigrad.train.checks.learning._RATES", (1e-2, 1e-2))
    monkeypatch.setattr("minigrad.train.checks.learning.Adam", lambda p, lr: tried.append(lr) or optim.Adam(p, lr=lr))
    assert checked()["overfitting"].passed
    assert tried == [1e-2]


def test_dropout_does_not_keep_examples_from_being_overfitted():
    model = network()
    model[2] = nn.Dropout(0.9)
    assert checked(model)["overfitting"].passed


def test_a_line_says_what_was_expected_and_found_and_what_to_do():
    lines = str(checked(lr=1e-6)).splitlines()
    assert lines[0].startswith("pass  centred inputs: expected means of channels or features within 0.25 deviations")
    assert ";" not in lines[0].partition("found")[2]
    assert re.fullmatch(
        r"FAIL  update ratio: expected updates near 1e-3 of the weights, from 5e-05 to 0\.1; found \d\.\de-0\d; "
        "raise the learning rate",
        lines[-2],
    )
    assert lines[-1] == "7 passed, 1 failed, 0 skipped"


def test_equal_seeds_give_equal_reports_whatever_was_drawn_before():
    first = checked(model := network())
    mg.rand(100)
    F.dropout(mg.ones(100), 0.5)
    assert str(checked(model)) == str(first)
    assert str(checked(model, seed=1)) != str(first)


def worn():
    """A model and an optimiser that have all the state there is."""
    model = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 4))
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    F.cross_entropy(model(mg.tensor(POINTS)), mg.tensor(LABELS)).backward()
    optimizer.step()
    model[1].eval()
    return model, optimizer


@pytest.mark.parametrize("broken", [None, "validation", "loss"])
def test_checking_changes_nothing_and_neither_does_an_error(broken):
    model, optimizer = worn()
    data = ArrayDataset(POINTS.copy(), LABELS.copy())
    before = everything(model, optimizer)
    if broken is None:
        check(model, data, validation=VALIDATION, optimizer=optimizer)
    else:
        calls = []

        def fails_in_the_end(scores, labels):
            F.dropout(scores, 0.5)
            calls.append(scores)
            return F.cross_entropy(scores, labels if len(calls) < 30 else labels.double())

        with pytest.raises((DataError, TypeError)):
            check(
                model,
                data,
                validation=ArrayDataset() if broken == "validation" else VALIDATION,
                optimizer=optimizer,
                loss=fails_in_the_end,
            )
    assert everything(model, optimizer) == before
    assert all(np.array_equal(array, other) for array, other in zip(data.arrays, TRAIN.arrays, strict=True))


def test_it_works_under_no_grad():
    with mg.no_grad():
        assert checked().passed


WRONG = {
    "a loader": (
        lambda: check(network(), DataLoader(TRAIN)),
        "check: data must be a data set with a length and exampl",
    ),
    "no examples": (
        lambda: check(network(), Subset(TRAIN, [])),
        "check: data must have examples, got an empty data set",
    ),
    "no pairs": (
        lambda: check(network(), ArrayDataset(POINTS)),
        "check: an example of data must be a pair of input and",
    ),
    "validation": (
        lambda: check(network(), TRAIN, validation=Subset(TRAIN, [])),
        "check: validation must have examples",
    ),
    "no parameters": (
        lambda: check(nn.ReLU(), TRAIN),
        "check: the model has no parameters, so there is nothing to train",
    ),
    "batch size": (lambda: check(network(), TRAIN, batch_size=1), "check: batch_size must be an integer"),
    "seed": (lambda: check(network(), TRAIN, seed=-1), "check: seed"),
}


@pytest.mark.parametrize(("call", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_checked_is_refused(call, message):
    with pytest.raises(DataError, match=re.escape(message)):
        call()


def test_a_network_that_does_not_take_the_data_says_so_itself():
    with pytest.raises(ShapeError, match="linear"):
        check(nn.Linear(5, 4), TRAIN)


def test_a_partial_loss_is_a_loss():
    assert checked(loss=partial(F.svm_loss, squared=True), lr=0.002)["first loss"].passed
