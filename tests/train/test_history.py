import json

from minigrad.train import Epoch, History, save_history


def test_the_best_epoch_is_the_most_accurate_then_the_cheapest():
    figures = [(0.9, 0.1), (0.95, 0.4), (0.95, 0.3), (0.95, 0.3), (0.94, 0.0)]
    history = History(epochs=[Epoch(1.0, 0.5, cost, accuracy, 0.1) for accuracy, cost in figures])
    assert history.best_epoch == 3


def test_a_history_is_saved_for_programs_and_for_people(tmp_path):
    history = History([2.0, 1.5], [Epoch(1.75, 0.5, 1.25, 0.625, 0.1)])
    save_history(history, tmp_path)
    assert json.loads((tmp_path / "history.json").read_text()) == {
        "epochs": [{"cost": 1.75, "train_accuracy": 0.5, "val_cost": 1.25, "val_accuracy": 0.625, "lr": 0.1}],
        "batch_costs": [2.0, 1.5],
    }
    assert (tmp_path / "history.csv").read_text() == (
        "epoch,cost,train_accuracy,val_cost,val_accuracy,lr\n1,1.75,0.5,1.25,0.625,0.1\n"
    )
