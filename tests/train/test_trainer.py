import re

import numpy as np
import pytest

import minigrad as mg
from minigrad import nn, optim
from minigrad.data import ArrayDataset
from minigrad.errors import DataError, MinigradError
from minigrad.train import evaluate, fit


def blobs(length, seed):
    """Two classes of points that a line can tell apart, nearly."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, length)
    points = rng.standard_normal((length, 2)) + 4 * labels[:, None] - 2
    return ArrayDataset(points.astype(np.float32), labels.astype(np.int64))


TRAIN, VALIDATION = blobs(100, seed=0), blobs(50, seed=1)


def linear():
    model = nn.Linear(2, 2)
    model.load_state_dict({"weight": np.zeros((2, 2), np.float32), "bias": np.zeros(2, np.float32)})
    return model


def run(model, *, lr=0.1, epochs=3, **options):
    optimizer = optim.SGD(model.parameters(), lr=lr)
    options = {"batch_size": 16, "seed": 0, "progress": False} | options
    return fit(model, options.pop("train", TRAIN), VALIDATION, epochs=epochs, optimizer=optimizer, **options)


def weights(model):
    return {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}


def test_training_learns_and_remembers_how():
    model = linear()
    history = run(model, epochs=5)
    assert len(history.batch_costs) == 5 * 7
    assert history.batch_costs[0] == pytest.approx(np.log(2))
    assert history.epochs[-1].val_accuracy >= 0.98
    assert history.epochs[-1].cost < history.epochs[0].cost
    assert (history.epochs[-1].val_cost, history.epochs[-1].val_accuracy) == evaluate(model, VALIDATION, 16)


def test_the_cost_of_an_epoch_is_the_mean_over_its_examples():
    history = run(linear(), epochs=1)
    sizes = [16] * 6 + [4]
    assert history.epochs[0].cost == pytest.approx(np.average(history.batch_costs, weights=sizes))


def test_equal_seeds_give_equal_runs_and_others_do_not():
    first, again, other = (run(linear(), seed=seed).batch_costs for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_the_best_weights_can_be_restored():
    model = linear()
    schedule = Worsening(model)
    history = run(model, epochs=3, schedule=schedule)
    assert history.best_epoch == 1
    assert all(np.array_equal(history.best_state[name], value) for name, value in schedule.before.items())
    model.load_state_dict(history.best_state)
    assert evaluate(model, VALIDATION, 16)[1] == history.epochs[0].val_accuracy


class Worsening:
    """A schedule that turns the weights around after every epoch, so that the first epoch is the best."""

    def __init__(self, model):
        self.model = model
        self.before = None

    def step(self):
        self.before = self.before or weights(self.model)
        self.model.load_state_dict({name: -100 * value for name, value in self.before.items()})


def test_a_schedule_sets_the_rate_of_the_next_epoch():
    model = linear()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    class Halving:
        def step(self):
            optimizer.param_groups[0]["lr"] /= 2

    history = fit(
        model, TRAIN, VALIDATION, epochs=3, optimizer=optimizer, batch_size=50, schedule=Halving(), progress=False
    )
    assert [epoch.lr for epoch in history.epochs] == [0.1, 0.05, 0.025]


def test_every_epoch_has_its_line(capsys):
    run(linear(), epochs=2, progress=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for number, line in enumerate(lines, start=1):
        pattern = rf"Finished epoch {number} / 2: cost \d\.\d{{4}}, train: \d\.\d\d, val \d\.\d\d, lr 1\.0e-01"
        assert re.fullmatch(pattern, line)


def test_without_progress_nothing_is_printed(capsys):
    run(linear())
    assert capsys.readouterr() == ("", "")


def test_a_cost_that_is_not_finite_stops_before_the_step():
    points, labels = (array.copy() for array in TRAIN.arrays)
    points[:] = np.nan
    model = linear()
    with pytest.raises(MinigradError, match="the cost is nan in epoch 1 / 3, batch 1; use a smaller learning rate"):
        run(model, train=ArrayDataset(points, labels))
    assert not any(value.any() for value in weights(model).values())


def test_evaluation_needs_no_tape_and_leaves_the_mode_alone():
    seen = []

    class Spy(nn.Linear):
        def forward(self, input):
            output = super().forward(input)
            seen.append((self.training, output.requires_grad))
            return output

    model = Spy(2, 2)
    for training in (True, False):
        model.train(training)
        evaluate(model, VALIDATION)
        assert model.training is training
    assert seen == [(False, False)] * 2


def test_evaluation_is_the_mean_over_examples_whatever_the_batches():
    model = nn.Linear(2, 2)
    whole, parts = evaluate(model, VALIDATION, None), evaluate(model, VALIDATION, 7)
    logits = model(mg.from_numpy(VALIDATION.arrays[0])).detach().numpy()
    assert whole[1] == parts[1] == (logits.argmax(1) == VALIDATION.arrays[1]).mean()
    assert whole[0] == pytest.approx(parts[0])


def test_a_number_of_epochs_that_is_none_is_refused():
    with pytest.raises(DataError, match=r"epochs must be an integer in \[1, 1000000000\], got 0"):
        run(linear(), epochs=0)


def test_every_epoch_is_told_of_once_it_is_in_the_history():
    told = []
    history = run(linear(), epochs=3, on_epoch=lambda state: told.append((state.history, len(state.history.epochs))))
    assert [number for _, number in told] == [1, 2, 3]
    assert all(so_far is history for so_far, _ in told)


def test_batches_go_to_the_device_of_the_model():
    elsewhere, here = linear().to("reference"), linear()
    assert run(elsewhere).batch_costs == pytest.approx(run(here).batch_costs, rel=1e-5)
    assert elsewhere.weight.device == "reference"
    assert evaluate(elsewhere, VALIDATION) == pytest.approx(evaluate(here, VALIDATION), rel=1e-5)


def test_threads_that_read_ahead_change_nothing():
    assert run(linear(), num_workers=2).batch_costs == run(linear()).batch_costs
