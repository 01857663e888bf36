"""Schedules: their formulas, what they count, resuming, and their use in `fit`."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset
from minigrad.errors import MinigradError
from minigrad.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    InverseTimeLR,
    LambdaLR,
    LinearLR,
    NaturalExpLR,
    SequentialLR,
    SqrtLR,
    StepLR,
)
from minigrad.train import fit


def make(*rates):
    groups = [{"params": nn.Parameter(mg.ones(1, device="reference")), "lr": rate} for rate in rates or (0.5,)]
    return optim.SGD(groups)


def warm_then_cosine(optimizer):
    schedules = [LinearLR(optimizer, 0.2, total_iters=4), CosineAnnealingLR(optimizer, 4)]
    return SequentialLR(optimizer, schedules, [3])


SCHEDULES = {
    "step": (lambda o: StepLR(o, 3), "batches", lambda t: 0.1 ** (t // 3)),
    "exponential": (lambda o: ExponentialLR(o, 0.97), "epochs", lambda t: 0.97**t),
    "sqrt": (lambda o: SqrtLR(o, 7), "batches", lambda t: math.sqrt(max(1 - t / 7, 0))),
    "inverse": (lambda o: InverseTimeLR(o, 0.3), "batches", lambda t: 1 / (1 + 0.3 * t)),
    "natural": (lambda o: NaturalExpLR(o, 0.3), "batches", lambda t: math.exp(-0.3 * t)),
    "cosine": (lambda o: CosineAnnealingLR(o, 5), "epochs", lambda t: (1 + math.cos(math.pi * t / 5)) / 2),
    "linear": (lambda o: LinearLR(o, 0.2, total_iters=4), "epochs", lambda t: 0.2 + 0.8 * min(t, 4) / 4),
    "lambda": (lambda o: LambdaLR(o, lambda t: 2.0**t), "epochs", lambda t: 2.0**t),
    "sequence": (
        warm_then_cosine,
        "epochs",
        lambda t: 0.2 * (t + 1) if t < 3 else (1 + math.cos(math.pi * (t - 3) / 4)) / 2,
    ),
}
each_schedule = pytest.mark.parametrize("name", SCHEDULES)


@each_schedule
def test_rates_follow_the_formula_in_every_group(name):
    build, _, factor = SCHEDULES[name]
    optimizer = make(0.5, 0.02)
    schedule = build(optimizer)
    for t in range(15):
        assert schedule.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
        np.testing.assert_allclose(schedule.get_last_lr(), [0.5 * factor(t), 0.02 * factor(t)], rtol=1e-13, atol=1e-17)
        schedule.step()


@each_schedule
def test_a_schedule_says_what_it_counts(name):
    build, counts, _ = SCHEDULES[name]
    schedule = build(make())
    assert schedule.counts == counts
    assert counts in type(schedule).__doc__ or name == "sequence"


def test_what_is_counted_can_be_chosen():
    assert StepLR(make(), 3, counts="epochs").counts == "epochs"
    assert StepLR(make(), 3).counts == "batches"


@each_schedule
def test_a_saved_count_resumes_exactly(name):
    build, _, _ = SCHEDULES[name]
    optimizer, other = make(0.5, 0.02), make(0.1, 0.1)
    schedule = build(optimizer)
    for _ in range(4):
        schedule.step()
    resumed = build(other)
    other.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(schedule.state_dict())
    for _ in range(4):
        assert resumed.get_last_lr() == schedule.get_last_lr()
        schedule.step()
        resumed.step()


def test_the_cosine_ends_at_its_minimum_and_rises_again():
    schedule = CosineAnnealingLR(make(), 4, eta_min=0.1)
    rates = []
    for _ in range(9):
        rates += schedule.get_last_lr()
        schedule.step()
    assert rates[4] == pytest.approx(0.1)
    assert rates[8] == pytest.approx(0.5)
    assert rates[5] == pytest.approx(rates[3])


def test_the_square_root_is_zero_from_its_end_on():
    schedule = SqrtLR(make(), 2)
    for _ in range(5):
        schedule.step()
    assert schedule.get_last_lr() == [0.0]


def test_a_group_added_later_takes_part():
    optimizer = make(0.5)
    schedule = ExponentialLR(optimizer, 0.5)
    optimizer.add_param_group({"params": nn.Parameter(mg.ones(1, device="reference")), "lr": 0.25})
    schedule.step()
    assert schedule.get_last_lr() == [0.25, 0.125]


def train(schedule_of, epochs=2):
    rng = np.random.default_rng(0)
    data = ArrayDataset(rng.standard_normal((20, 3)).astype(np.float32), rng.integers(0, 2, 20))
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    schedule = schedule_of(optimizer)
    history = fit(
        model, data, data, epochs=epochs, optimizer=optimizer, batch_size=4, schedule=schedule, progress=False
    )
    return [epoch.lr for epoch in history.epochs], schedule.t


def test_fit_steps_a_schedule_of_batches_after_every_batch():
    assert train(lambda o: StepLR(o, 5, gamma=0.5), epochs=3) == ([0.5, 0.25, 0.125], 15)


def test_fit_steps_a_schedule_of_epochs_after_every_epoch():
    assert train(lambda o: ExponentialLR(o, 0.5), epochs=3) == ([0.5, 0.25, 0.125], 3)


OPTIMIZER = make()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: StepLR(None, 3), "DataError: StepLR: optimizer must be an Optimizer, this is NoneType"),
        (lambda: StepLR(OPTIMIZER, 0), "ShapeError: StepLR: step_size must be at least 1, got 0"),
        (lambda: StepLR(OPTIMIZER, 2.0), "DTypeError: StepLR: step_size must be an integer, got 2.0"),
        (lambda: StepLR(OPTIMIZER, 3, -1), "DataError: StepLR: gamma must be a number of at least 0, got -1"),
        (
            lambda: StepLR(OPTIMIZER, 3, counts="days"),
            "DataError: StepLR: counts must be 'batches' or 'epochs', got 'days'",
        ),
        (lambda: ExponentialLR(OPTIMIZER, None), "DTypeError: ExponentialLR: gamma must be a number, got None"),
        (lambda: SqrtLR(OPTIMIZER, 0), "ShapeError: SqrtLR: max_t must be at least 1, got 0"),
        (
            lambda: InverseTimeLR(OPTIMIZER, -0.1),
            "DataError: InverseTimeLR: k must be a number of at least 0, got -0.1",
        ),
        (lambda: NaturalExpLR(OPTIMIZER, -0.1), "DataError: NaturalExpLR: k must be a number of at least 0, got -0.1"),
        (lambda: CosineAnnealingLR(OPTIMIZER, 0), "ShapeError: CosineAnnealingLR: T_max must be at least 1, got 0"),
        (
            lambda: CosineAnnealingLR(OPTIMIZER, 1, -1),
            "DataError: CosineAnnealingLR: eta_min must be a number of at least 0, got -1",
        ),
        (lambda: LinearLR(OPTIMIZER, 2), "DataError: LinearLR: start_factor must lie in [0, 1], got 2"),
        (lambda: LinearLR(OPTIMIZER, 0, 2), "DataError: LinearLR: end_factor must lie in [0, 1], got 2"),
        (lambda: LinearLR(OPTIMIZER, 0, 1, 0), "ShapeError: LinearLR: total_iters must be at least 1, got 0"),
        (lambda: LambdaLR(OPTIMIZER, 0.5), "DataError: LambdaLR: lr_lambda must be a function of t, this is float"),
        (
            lambda: SequentialLR(OPTIMIZER, [], [1]),
            "DataError: SequentialLR: 0 schedules need one milestone less, got 1",
        ),
        (
            lambda: SequentialLR(OPTIMIZER, [LinearLR(OPTIMIZER), StepLR(OPTIMIZER, 1)], [5]),
            "DataError: SequentialLR: some schedules count batches, some epochs; set counts= to make them agree",
        ),
        (
            lambda: SequentialLR(OPTIMIZER, [LinearLR(OPTIMIZER), LinearLR(make())], [5]),
            "DataError: SequentialLR: all schedules must be of its optimizer",
        ),
        (
            lambda: SequentialLR(OPTIMIZER, [LinearLR(OPTIMIZER)] * 3, [5, 5]),
            "ShapeError: SequentialLR: a milestone must be at least 6, got 5",
        ),
    ],
)
def test_wrong_settings_are_refused(build, message):
    with pytest.raises(MinigradError) as caught:
        build()
    assert f"{caught.typename}: {caught.value}" == message


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"t": -1}, "ShapeError: load_state_dict: t must be at least 0, got -1"),
        ({"last_epoch": 3}, "DataError: load_state_dict: a state has t, got ['last_epoch']"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(state, message):
    schedule = StepLR(make(), 3)
    schedule.step()
    with pytest.raises(MinigradError) as caught:
        schedule.load_state_dict(state)
    assert f"{caught.typename}: {caught.value}" == message
    assert schedule.t == 1
