from minigrad.train import Epoch, History


def test_the_best_epoch_is_the_most_accurate_then_the_cheapest():
    figures = [(0.9, 0.1), (0.95, 0.4), (0.95, 0.3), (0.95, 0.3), (0.94, 0.0)]
    history = History(epochs=[Epoch(1.0, 0.5, cost, accuracy, 0.1) for accuracy, cost in figures])
    assert history.best_epoch == 3
