import pytest

from minigrad import nn


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Linear(3, 2, device="reference"), "Linear(in_features=3, out_features=2, bias=True)"),
        (nn.Linear(3, 2, bias=False, device="reference"), "Linear(in_features=3, out_features=2, bias=False)"),
        (nn.Conv2d(1, 2, 3, device="reference"), "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))"),
        (
            nn.Conv2d(2, 4, (1, 3), 1, "same", (1, 2), 2, bias=False, device="reference"),
            "Conv2d(2, 4, kernel_size=(1, 3), stride=(1, 1), padding='same', dilation=(1, 2), groups=2, bias=False)",
        ),
        (
            nn.Conv1d(3, 4, 5, padding=2, device="reference"),
            "Conv1d(3, 4, kernel_size=(5,), stride=(1,), padding=(2,))",
        ),
        (
            nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2, bias=False, dilation=2, device="reference"),
            "ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(2, 2), "
            "output_padding=(1, 1), groups=2, bias=False)",
        ),
        (
            nn.LocallyConnected2d(1, 2, (4, 5), 3, device="reference"),
            "LocallyConnected2d(1, 2, kernel_size=(3, 3), stride=(1, 1), input_size=(4, 5))",
        ),
        (
            nn.MaxPool2d(3, stride=2, padding=1, dilation=2, ceil_mode=True),
            "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=2, ceil_mode=True)",
        ),
        (
            nn.MaxPool2d((3, 2), return_indices=True),
            "MaxPool2d(kernel_size=(3, 2), stride=(3, 2), padding=0, dilation=1, return_indices=True, ceil_mode=False)",
        ),
        (nn.AvgPool2d(2), "AvgPool2d(kernel_size=2, stride=2, padding=0)"),
        (nn.AvgPool2d(2, ceil_mode=True), "AvgPool2d(kernel_size=2, stride=2, padding=0, ceil_mode=True)"),
        (nn.Unfold(3, padding=(1, 0)), "Unfold(kernel_size=3, dilation=1, padding=(1, 0), stride=1)"),
        (nn.Fold((4, 5), 3), "Fold(output_size=(4, 5), kernel_size=3, dilation=1, padding=0, stride=1)"),
        (nn.ZeroPad2d(1), "ZeroPad2d((1, 1, 1, 1))"),
        (nn.MaxUnpool2d(2), "MaxUnpool2d(kernel_size=2, stride=2, padding=0)"),
        (nn.AdaptiveAvgPool2d(5), "AdaptiveAvgPool2d(output_size=5)"),
        (nn.AdaptiveMaxPool2d((5, None)), "AdaptiveMaxPool2d(output_size=(5, None))"),
        (nn.LocalResponseNorm(5, k=2), "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=2.0)"),
        (
            nn.BatchNorm1d(3, momentum=None, affine=False, device="reference"),
            "BatchNorm1d(3, eps=1e-05, momentum=None, affine=False, bias=False, track_running_stats=True)",
        ),
        (
            nn.BatchNorm2d(3, track_running_stats=False, device="reference"),
            "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=False)",
        ),
        (nn.LayerNorm(3, device="reference"), "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)"),
        (nn.Dropout2d(), "Dropout2d(p=0.5)"),
        (nn.Dropout(0.25), "Dropout(p=0.25)"),
        (nn.VanillaDropout(), "VanillaDropout(p=0.5)"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.LogSoftmax(dim=1), "LogSoftmax(dim=1)"),
        (nn.ReLU(), "ReLU()"),
        (nn.LeakyReLU(), "LeakyReLU(negative_slope=0.01)"),
        (nn.Softplus(2), "Softplus(beta=2.0, threshold=20.0)"),
        (nn.GELU(), "GELU(approximate='none')"),
        (nn.Identity(3, depth=4), "Identity()"),
        (nn.SmoothL1Loss(beta=0.5), "SmoothL1Loss()"),
    ],
)
def test_a_layer_shows_its_settings(layer, text):
    assert repr(layer) == text


def test_modules_are_indented_below_their_parents():
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 3, device="reference"), nn.ReLU()), nn.Flatten())
    assert repr(net).splitlines() == [
        "Sequential(",
        "  (0): Sequential(",
        "    (0): Linear(in_features=2, out_features=3, bias=True)",
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
