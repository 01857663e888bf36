"""The table of a network's layers."""

import minigrad as mg
from minigrad import nn
from minigrad.models import ConvNet


def test_the_course_convnet():
    table = nn.summary(ConvNet(), (3, 32, 32))
    rows = [(row.layer, row.output, row.weights, row.flops, row.bytes) for row in table.rows]
    volume = 10 * 32 * 32
    assert rows[:5] == [
        ("Conv2d", (10, 32, 32), (3 * 9 + 1) * 10, 2 * volume * 27, 4 * volume),
        ("ReLU", (10, 32, 32), 0, volume, 4 * volume),
        ("Conv2d", (10, 32, 32), (10 * 9 + 1) * 10, 2 * volume * 90, 4 * volume),
        ("ReLU", (10, 32, 32), 0, volume, 4 * volume),
        ("MaxPool2d", (10, 16, 16), 0, volume, volume),
    ]
    assert rows[-2:] == [("Flatten", (160,), 0, 0, 0), ("Linear", (10,), 1_610, 2 * 1_600, 40)]
    assert not any(any(row.uncovered) for row in table.rows)
    # Blocks of volumes 10240, 2560 and 640; a pool compares as many numbers as it is given.
    convolutions = 2 * (volume * (27 + 90) + volume // 4 * 180 + volume // 16 * 180)
    assert table.total("weights") == 280 + 5 * 910 + 1_610 == 6_440
    assert table.total("flops") == convolutions + 3 * (10_240 + 2_560 + 640) + 3_200 == 3_591_680
    assert table.total("bytes") == 4 * (4 * 13_440 + 2_560 + 640 + 160 + 10) == 228_520


def test_the_first_layers_of_alexnet():
    net = nn.Sequential(nn.Conv2d(3, 96, 11, stride=4), nn.ReLU(), nn.MaxPool2d(3, 2))
    conv, relu, pool = nn.summary(net, (3, 227, 227)).rows
    assert conv.output == (96, 55, 55)
    assert conv.bytes == 4 * 290_400
    assert conv.weights == 34_944
    assert conv.flops == 2 * 290_400 * 363 == 210_830_400
    assert (relu.flops, relu.bytes) == (290_400, 4 * 290_400)
    assert (pool.output, pool.flops) == ((96, 27, 27), 9 * 69_984)
    assert (conv.uncovered, relu.uncovered, pool.uncovered) == ((0, 0), (), (0, 0))


def uncovered(layer, *input_shape):
    return nn.summary(nn.Sequential(layer), input_shape).rows[0].uncovered


def test_rows_and_columns_that_no_window_covers():
    assert uncovered(nn.Conv2d(1, 1, 3, stride=2), 1, 32, 33) == (1, 0)
    assert uncovered(nn.Conv2d(1, 1, 3, 2, "valid"), 1, 32, 33) == (1, 0)
    assert uncovered(nn.Conv2d(1, 1, 1, stride=3), 1, 7, 7) == (4, 4)
    assert uncovered(nn.Conv2d(1, 1, 2, stride=4, dilation=2), 1, 8, 7) == (4, 3)
    assert uncovered(nn.Conv2d(1, 1, 4, padding="same"), 1, 9, 9) == ()
    assert uncovered(nn.Conv1d(1, 1, 3, stride=2), 1, 32) == (1,)
    assert uncovered(nn.LocallyConnected2d(1, 1, 8, 3, stride=2), 1, 8, 8) == (1, 1)
    assert uncovered(nn.MaxPool2d(3, 2), 1, 32, 33) == (1, 0)
    assert uncovered(nn.MaxPool2d(3, 2, ceil_mode=True), 1, 32, 33) == (0, 0)
    assert uncovered(nn.AvgPool2d((2, 3)), 1, 5, 5) == (1, 2)
    assert uncovered(nn.Unfold(2, stride=(3, 1)), 1, 4, 4) == (2, 0)
    assert uncovered(nn.ConvTranspose2d(1, 1, 2, stride=3), 1, 4, 4) == ()


def test_it_prints_a_table_with_a_total():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Flatten(), nn.Linear(18, 4))
    assert str(nn.summary(net, (1, 8, 8))).splitlines() == [
        "name   layer    output volume  weights  flops  activation bytes  rows, columns not covered",
        "0      Conv2d   2x3x3               20    324                72                       1, 1",
        "1      Flatten  18                   0      0                 0",
        "2      Linear   4                   76    144                16",
        "total                               96    468                88",
    ]


def test_it_is_a_method_too():
    net = nn.Sequential(nn.Flatten(), nn.Linear(6, 2))
    assert net.summary((2, 3)) == nn.summary(net, (2, 3))


def test_an_input_of_one_axis_may_be_a_number():
    assert nn.summary(nn.Linear(6, 2), 6).rows[0].output == (2,)


def test_memory_that_a_layer_shares_with_its_input_is_not_counted():
    net = nn.Sequential(nn.Identity(), nn.Dropout(), nn.Flatten(), nn.ReLU())
    assert [row.bytes for row in nn.summary(net, (2, 3)).rows] == [0, 0, 0, 24]


def test_every_output_of_a_layer_is_counted():
    pool = nn.MaxPool2d(2, return_indices=True)
    assert nn.summary(pool, (1, 4, 4)).rows[0].bytes == 4 * 4 + 4 * 8


def test_what_a_module_does_beside_its_layers():
    class Scaled(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(mg.ones(3))
            self.layer = nn.Linear(3, 3, bias=False)

        def forward(self, x):
            return self.layer(x) * self.scale

    table = nn.summary(Scaled(), (3,))
    assert [(row.name, row.weights, row.flops) for row in table.rows] == [("layer", 9, 18), ("elsewhere", 3, 3)]
    assert table.total("weights") == 12


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
