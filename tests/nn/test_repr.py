import pytest

from minigrad import nn


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(3, 2, device="reference"), "Linear(3, 2, bias=True)"),
        (nn.Linear(3, 2, bias=False, device="reference"), "Linear(3, 2, bias=False)"),
        (nn.Conv2d(1, 2, 3, device="reference"), "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))"),
        (
            nn.Conv2d(2, 4, (1, 3), 1, "same", (1, 2), 2, bias=False, device="reference"),
            "Conv2d(2, 4, kernel_size=(1, 3), stride=(1, 1), padding='same', dilation=(1, 2), groups=2, bias=False)",
        ),
        (
            nn.MaxPool2d(3, stride=2, padding=1, dilation=2, ceil_mode=True),
            "MaxPool2d(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), ceil_mode=True, dilation=(2, 2))",
        ),
        (nn.AvgPool2d(2), "AvgPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0), ceil_mode=False)"),
        (nn.Dropout(0.25), "Dropout(p=0.25)"),
        (nn.VanillaDropout(), "VanillaDropout(p=0.5)"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.LogSoftmax(dim=1), "LogSoftmax(dim=1)"),
        (nn.ReLU(), "ReLU()"),
    ],
)
def test_a_layer_shows_its_settings(layer, text):
    assert repr(layer) == text


def test_modules_are_indented_below_their_parents():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 3, device="reference"), nn.ReLU()), nn.Flatten())
    assert repr(net).splitlines() == [
        "Sequential(",
        "  (0): Sequential(",
        "    (0): Linear(2, 3, bias=True)",
        "    (1): ReLU()",
        "  )",
        "  (1): Flatten(start_dim=1, end_dim=-1)",
        ")",
    ]


def test_a_module_s_own_settings_come_before_its_children():
    class Block(nn.Module):
        def __init__(self):
            self.act = nn.ReLU()

        def extra_repr(self):
            return "depth=1"

    assert repr(Block()) == "Block(\n  depth=1\n  (act): ReLU()\n)"
