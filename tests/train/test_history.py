import json

import pytest

from minigrad.errors import DataError
from minigrad.train import Epoch, History, Look, Step, load_history, save_history
from minigrad.train.history_file import HistoryFile

STEPS = [Step(2.0, 1.5, 0.5, 0.25, 0.1), Step(1.5, 1.25, 0.25, 0.75, 0.1)]
EPOCH = Epoch(1.75, 0.5, 1.25, 0.625, 0.1, 0.375, 2)
NORMS = ({"weight": 0.5, "bias": 0.1}, {"weight": 2.0, "bias": 0.0}, {"weight": 0.002, "bias": 0.01})
LOOK = Look(1, *NORMS, {"relu1": 0.5}, {"0": 0.25, "1": 0.5}, {"0": 1.0, "1": 0.75})
HISTORY = History(STEPS, [EPOCH], [LOOK], {"batch_size": 2}, "the cost is nan in epoch 2 / 2, batch 1")


def test_the_best_epoch_is_the_most_accurate_then_the_cheapest():
    figures = [(0.9, 0.1), (0.95, 0.4), (0.95, 0.3), (0.95, 0.3), (0.94, 0.0)]
    history = History(epochs=[Epoch(1.0, 0.5, cost, accuracy, 0.1) for accuracy, cost in figures])
    assert history.best_epoch == 3


def test_the_size_of_an_update_is_told_relative_to_weights_that_are_not_zero():
    assert LOOK.ratios == {"weight": 0.001}


def test_a_history_is_saved_for_programs_and_for_people(tmp_path):
    save_history(HISTORY, tmp_path)
    records = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    assert [next(iter(record)) for record in records] == ["run", "step", "look", "step", "epoch", "stopped"]
    assert records[3] == {"step": 2, "cost": 1.5, "data_loss": 1.25, "penalty": 0.25, "accuracy": 0.75, "lr": 0.1}
    assert (tmp_path / "history.csv").read_text() == (
        "epoch,cost,train_accuracy,val_cost,val_accuracy,lr,penalty,steps\n1,1.75,0.5,1.25,0.625,0.1,0.375,2\n"
    )
    assert load_history(tmp_path / "history.jsonl") == HISTORY


def test_a_file_that_grows_ends_as_one_written_at_once(tmp_path):
    growing = History([], [], [], HISTORY.about)
    with HistoryFile(tmp_path / "grown", growing) as file:
        growing.steps.append(STEPS[0])
        growing.looks.append(LOOK)
        file.update()
        assert load_history(tmp_path / "grown") == growing
        growing.steps.append(STEPS[1])
        growing.epochs.append(EPOCH)
        growing.stopped = HISTORY.stopped
    save_history(HISTORY, tmp_path)
    assert (tmp_path / "grown").read_bytes() == (tmp_path / "history.jsonl").read_bytes()


def test_the_file_of_an_earlier_run_is_replaced(tmp_path):
    for history in (HISTORY, History(STEPS[:1])):
        with HistoryFile(tmp_path / "log", history):
            pass
    assert load_history(tmp_path / "log") == History(STEPS[:1])


def test_a_line_that_was_being_written_is_left_out(tmp_path):
    save_history(History(STEPS), tmp_path)
    path = tmp_path / "history.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert load_history(path) == History(STEPS[:1])


def test_a_history_of_before_there_were_activations_is_read(tmp_path):
    text = json.dumps(dict(zip(("look", "gradients", "weights", "updates", "dead"), LOOK, strict=False)))
    (tmp_path / "log").write_text(f'{{"run": {{}}}}\n{text}\n')
    (look,) = load_history(tmp_path / "log").looks
    assert look == Look(1, *NORMS, {"relu1": 0.5})
    assert (look.activation_means, look.activation_stds) == ({}, {})


BROKEN = {
    "no JSON": b"{",
    "no object": b"[1]",
    "empty": b"{}",
    "unknown": b'{"what": 1}',
    "missing step": b'{"step": 2, "cost": 1, "data_loss": 1, "penalty": 0, "accuracy": 0, "lr": 1}',
    "no number": b'{"step": 1, "cost": "1", "data_loss": 1, "penalty": 0, "accuracy": 0, "lr": 1}',
    "missing figure": b'{"step": 1, "cost": 1}',
    "look": b'{"look": 1, "gradients": [], "weights": {}, "updates": {}, "dead": {}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("line", BROKEN.values(), ids=BROKEN)
def test_a_line_that_is_broken_is_named(tmp_path, line):
    (tmp_path / "log").write_bytes(b'{"run": {}}\n' + line + b"\n")
    with pytest.raises(DataError, match="log: line 2 is no record of a history: "):
        load_history(tmp_path / "log")


def test_a_history_that_is_missing_is_one_error(tmp_path):
    with pytest.raises(DataError, match="there is no such history"):
        load_history(tmp_path / "log")
