"""The table of a network's layers."""

import minigrad as mg
from minigrad import nn
from minigrad.models import ConvNet


def test_the_course_convnet():
    rows = nn.summary(ConvNet(), (3, 32, 32)).rows
    assert [row.layer for row in rows[:5]] == ["Conv2d", "ReLU", "Conv2d", "ReLU", "MaxPool2d"]
    assert (rows[0].output, rows[0].weights, rows[0].flops) == ((10, 32, 32), 280, 2 * 10 * 32 * 32 * 27)
    assert rows[0].bytes == 4 * 10 * 32 * 32
    assert sum(row.weights for row in rows) == 280 + 5 * 910 + 1610
    assert all(row.uncovered == (0, 0) for row in rows)


def test_rows_and_columns_that_no_window_covers():
    strided = nn.Sequential(nn.Conv2d(1, 1, 3, stride=2), nn.MaxPool2d(3, 2), nn.Conv2d(1, 1, 1, stride=3))
    assert [row.uncovered for row in nn.summary(strided, (1, 32, 33)).rows] == [(1, 0), (0, 1), (4, 4)]
    same = nn.Sequential(nn.Conv2d(1, 1, 4, padding="same"))
    assert nn.summary(same, (1, 9, 9)).rows[0].uncovered == (0, 0)


def test_it_prints_a_table_with_a_total():
    table = str(nn.summary(nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Flatten(), nn.Linear(18, 4)), (1, 8, 8)))
    assert table.splitlines() == [
        "name   layer    output volume  weights  flops  bytes  rows, columns not covered",
        "0      Conv2d   2x3x3               20    324     72                       1, 1",
        "1      Flatten  18                   0      0     72",
        "2      Linear   4                   76    144     16",
        "total                               96    468    160",
    ]


def test_shared_weights_count_once():
    shared = nn.Linear(3, 3)
    assert [row.weights for row in nn.summary(nn.Sequential(shared, nn.ReLU(), shared), (3,)).rows] == [12, 0, 0]


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Linear(3, 3)))
    model[1].eval()
    state = mg.get_rng_state()
    nn.summary(model, (3,))
    assert (model.training, model[0].training, model[1].training) == (True, True, False)
    assert mg.get_rng_state() == state
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._hooks or module._pre_hooks for module in model.modules())
