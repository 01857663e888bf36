"""The curves of a run: what is drawn, by the objects of matplotlib."""

import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import minigrad as mg
from minigrad.errors import DataError, MinigradError
from minigrad.train import Epoch, History, Look, Step, plot_history, plots

COSTS = (2.0, 1.5, 1.0, 0.8)
HISTORY = History(
    steps=[Step(cost + 0.25, cost, 0.25, cost / 4, 0.1) for cost in COSTS],
    epochs=[Epoch(1.75, 0.5, 1.2, 0.6, 0.1, 0.25, 2), Epoch(0.9, 0.8, 1.1, 0.7, 0.1, 0.25, 4)],
)
RATIOS = {"0.weight": 1e-2, "0.bias": 1e-1, "1.weight": 1e-4}
LOOKS = [
    Look(step, {}, dict.fromkeys(RATIOS, 1.0), RATIOS, {}, {"0": -0.5, "relu (2)": 0.5}, {"0": 2.0, "relu (2)": low})
    for step, low in ((1, 0.0), (3, 0.25))
]
OF_HISTORY = (plots.loss, plots.accuracy, plots.learning_rate, plots.activation_stds, plots.activation_means)
OF_HISTORY = (*OF_HISTORY, plots.activations, plots.update_ratios, plots.plot_history)


@pytest.fixture
def axes():
    return Figure().subplots()


def line(axes, label):
    (found,) = (line for line in axes.lines if line.get_label() == label)
    return found.get_xdata().tolist(), found.get_ydata().tolist()


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def texts(axes):
    return " ".join(text.get_text() for text in axes.texts)


def test_they_are_found_where_training_is():
    assert mg.train.plots.loss is plots.loss


def test_the_curves_are_a_png_in_a_folder_made_for_it(tmp_path):
    path = plot_history(HISTORY, tmp_path / "deep" / "curves.png")
    assert path == tmp_path / "deep" / "curves.png"
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_drawing_leaves_the_global_state_of_matplotlib_alone(tmp_path):
    plot_history(HISTORY, tmp_path / "curves.png")
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("draw", OF_HISTORY)
def test_an_empty_history_is_refused(tmp_path, draw):
    with pytest.raises(MinigradError, match=rf"{draw.__name__}: .*(at least one|looks)"):
        draw(History(), tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("draw", OF_HISTORY)
def test_without_matplotlib_the_error_names_the_extra(tmp_path, monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MinigradError, match=rf"{draw.__name__}: matplotlib is not installed.*extra 'plot'"):
        draw(History(HISTORY.steps, HISTORY.epochs, LOOKS), tmp_path / "curves.png")
    assert not list(tmp_path.iterdir())


def test_what_is_neither_a_path_nor_axes_is_refused():
    with pytest.raises(DataError, match="loss: to must be a path or matplotlib's Axes, got int"):
        plots.loss(HISTORY, 3)
    with pytest.raises(DataError, match="plots: smoothing must be"):
        plots.loss(HISTORY, "curves.png", smoothing=0)


def test_the_loss_of_every_batch_and_of_every_epoch(axes):
    assert plots.loss(HISTORY, axes) is None
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")
    assert line(axes, "train, each batch") == ([0.5, 1, 1.5, 2], list(COSTS))
    assert line(axes, "the same, with penalty") == ([0.5, 1, 1.5, 2], [cost + 0.25 for cost in COSTS])
    assert line(axes, "validation") == ([1, 2], [1.2, 1.1])
    assert legend(axes) == ["train, each batch", "the same, with penalty", "validation"]
    assert axes.get_yscale() == "linear"
    assert "0.8 on training data at the end, 1.1 on validation" in texts(axes)


def test_a_mean_over_neighbours_that_weigh_less_is_drawn_beside_the_batches(axes):
    plots.loss(HISTORY, axes, smoothing=3)
    wanted = [(2 * 2 + 1.5) / 3, (2 + 2 * 1.5 + 1) / 4, (1.5 + 2 * 1 + 0.8) / 4, (1 + 2 * 0.8) / 3]
    assert line(axes, "train, smoothed over 3 batches")[1] == pytest.approx(wanted)
    assert line(axes, "train, each batch")[1] == list(COSTS)


def test_a_run_that_explodes_has_a_logarithmic_axis_and_says_why_it_stopped(axes):
    steps = [Step(10.0**n, 10.0**n, 0.0, 0.1, 1.0) for n in range(6)]
    plots.loss(History(steps, stopped="the cost is nan in epoch 1 / 2, batch 7"), axes)
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "step"
    assert "stopped: the cost is nan in epoch 1 / 2, batch 7" in texts(axes)
    assert legend(axes) == ["train, each batch"]


def test_accuracies_and_the_gap_between_them(axes):
    plots.accuracy(HISTORY, axes)
    assert line(axes, "train, mean of the epoch") == ([0.5, 1.5], [0.5, 0.8])
    assert line(axes, "validation") == ([1, 2], [0.6, 0.7])
    assert line(axes, "best epoch") == ([2], [0.7])
    (gap,) = axes.collections
    corners = gap.get_paths()[0].vertices
    # At the end there is 0.2, the accuracy of the last half epoch.
    assert [2.0, 0.7] in corners.tolist()
    assert np.isclose(corners, [2.0, 0.2]).all(1).any()
    assert "gap \N{MINUS SIGN}50.0\npoints" in texts(axes)
    assert "best on validation: 70.00 %, in epoch 2" in texts(axes)
    assert axes.yaxis.get_major_formatter()(0.75) == "75 %"
    assert legend(axes) == ["train, each batch", "train, mean of the epoch", "validation", "gap", "best epoch"]


def test_one_epoch_is_drawn_by_its_steps(axes):
    plots.accuracy(History(HISTORY.steps, [Epoch(1.0, 0.5, 1.2, 0.25, 0.1, 0.0, 4)]), axes)
    assert axes.get_xlabel() == "step"
    assert line(axes, "train, mean of the epoch") == ([2], [0.5])
    assert line(axes, "validation") == ([4], [0.25])
    assert "gap \N{MINUS SIGN}2.5\npoints" in texts(axes)  # 0.225 in the last two steps
    assert "gap" not in legend(axes)


def test_a_history_of_epochs_alone_has_accuracies(axes):
    plots.accuracy(History(epochs=[Epoch(1.0, 0.5, 1.2, 0.25, 0.1)]), axes)
    assert axes.get_xlabel() == "epoch"
    assert "gap +25.0\npoints" in texts(axes)


@pytest.mark.parametrize(("rates", "scale"), [([0.1, 0.1, 0.05, 0.0], "linear"), ([1.0, 1.0, 0.01, 0.001], "log")])
def test_the_learning_rate_is_a_step_for_each_step(axes, rates, scale):
    plots.learning_rate(History([Step(1, 1, 0, 0, rate) for rate in rates]), axes)
    values, edges, _ = axes.patches[0].get_data()
    assert (values.tolist(), edges.tolist()) == (rates, [0, 1, 2, 3, 4])
    assert axes.get_yscale() == scale
    assert f"from {rates[0]:.3g} to {rates[-1]:.3g}" in texts(axes)


def test_activations_of_every_layer_over_the_run(axes):
    history = History(HISTORY.steps, HISTORY.epochs, LOOKS)
    model = mg.nn.Sequential(mg.nn.Linear(2, 2))
    plots.activation_stds(history, axes, model)
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("epoch", "standard deviation", "log")
    assert line(axes, "0") == ([0.5, 1.5], [2, 2])
    assert line(axes, "relu (2)") == ([0.5, 1.5], [0, 0.25])
    assert legend(axes) == ["0 Linear", "relu (2)"]
    low, high = axes.get_ylim()
    assert 0 < low < 0.25 < 2 < high
    (cross,) = (item for item in axes.lines if item.get_marker() == "x")
    assert cross.get_xdata().tolist() == [0.5]
    assert cross.get_color() == next(item for item in axes.lines if item.get_label() == "relu (2)").get_color()


def test_means_of_activations_over_the_run(axes):
    plots.activation_means(History(HISTORY.steps, HISTORY.epochs, LOOKS), axes)
    assert line(axes, "0")[1] == [-0.5, -0.5]
    assert axes.get_yscale() == "linear"


def test_of_many_layers_some_are_named(axes):
    names = {f"a_module_of_a_name_that_is_long.{n}.block": float(n + 1) for n in range(60)}
    plots.activation_stds(History(looks=[Look(1, {}, {}, {}, {}, names, names)]), axes)
    assert len([item for item in axes.lines if item.get_marker() == "o"]) == 60
    assert len(legend(axes)) == 16
    assert max(map(len, legend(axes))) == 30
    assert axes.get_legend().get_title().get_text() == "layer,\n16 of 60 named"
    assert (legend(axes)[0][-8:], legend(axes)[-1][-8:]) == (".0.block", "59.block")


def test_update_ratios_with_the_rule_of_thumb(axes):
    plots.update_ratios(History(HISTORY.steps, HISTORY.epochs, LOOKS), axes)
    assert axes.get_yscale() == "log"
    assert line(axes, "0.weight") == ([0.5, 1.5], [1e-2, 1e-2])
    assert any(item.get_ydata() == [1e-3, 1e-3] for item in axes.lines if item.get_linestyle() == "--")
    assert next(item for item in axes.lines if item.get_label() == "0.bias").get_linestyle() == ":"
    assert legend(axes) == ["1e-3", "biases", "0", "1"]
    assert axes.get_ylim()[0] < 1e-4


def test_layers_that_are_all_dead_can_be_drawn(tmp_path):
    zero = Look(1, {}, {"w": 1.0}, {"w": 0.0}, {}, {"_a$": 0.0}, {"_a$": float("inf")})
    for draw in (plots.activations, plots.update_ratios):
        assert draw(History(looks=[zero]), tmp_path / "dead.png").exists()
