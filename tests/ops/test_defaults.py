"""What is left out of a call: the defaults are PyTorch's, and those of what PyTorch lacks are the course's."""

from inspect import Parameter, signature

import pytest

from tests.ops.test_completeness import public_functions

WINDOW = {"stride": 1, "padding": 0, "dilation": 1}
POOL = {"stride": None, "padding": 0, "ceil_mode": False}
DROPOUT = {"p": 0.5, "training": True}
OVER_AXES = {"dim": None, "keepdim": False}
CLASSES = {"weight": None, "ignore_index": -100, "reduction": "mean"}

DEFAULTS = {
    **{name: {"alpha": 1} for name in ("add", "sub")},
    "div": {"rounding_mode": None},
    "clamp": {"min": None, "max": None},
    "leaky_relu": {"negative_slope": 0.01},
    "elu": {"alpha": 1.0},
    "softplus": {"beta": 1.0, "threshold": 20.0},
    "gelu": {"approximate": "none"},
    **dict.fromkeys(("sum", "mean", "amax", "amin", "argmax", "argmin", "max", "min"), OVER_AXES),
    **{name: {**OVER_AXES, "correction": 1} for name in ("var", "std")},
    "norm": {**OVER_AXES, "p": 2},
    "logsumexp": {"keepdim": False},
    **{name: {"dtype": None} for name in ("softmax", "log_softmax")},
    "flatten": {"start_dim": 0, "end_dim": -1},
    "squeeze": {"dim": None},
    **{name: {"dim": 0} for name in ("cat", "stack", "split", "chunk")},
    "pad": {"mode": "constant", "value": None},
    "one_hot": {"num_classes": -1},
    "to": {"dtype": None, "device": None},
    "linear": {"bias": None},
    **{name: {"bias": None, **WINDOW, "groups": 1} for name in ("conv1d", "conv2d")},
    "conv_transpose2d": {"bias": None, **WINDOW, "output_padding": 0, "groups": 1},
    "locally_connected2d": {"bias": None, **WINDOW},
    **dict.fromkeys(("unfold", "fold"), WINDOW),
    "max_pool2d": {**POOL, "dilation": 1, "return_indices": False},
    "avg_pool2d": {**POOL, "count_include_pad": True},
    "adaptive_max_pool2d": {"return_indices": False},
    "max_unpool2d": {"stride": None, "padding": 0, "output_size": None},
    **dict.fromkeys(("dropout", "dropout2d", "vanilla_dropout"), DROPOUT),
    "batch_norm": {"weight": None, "bias": None, "training": False, "momentum": 0.1, "eps": 1e-5},
    "layer_norm": {"weight": None, "bias": None, "eps": 1e-5},
    "local_response_norm": {"alpha": 1e-4, "beta": 0.75, "k": 1.0},
    "cross_entropy": {**CLASSES, "label_smoothing": 0.0},
    "nll_loss": CLASSES,
    "binary_cross_entropy_with_logits": {"weight": None, "reduction": "mean", "pos_weight": None},
    "multi_margin_loss": {"p": 1, "margin": 1.0, "weight": None, "reduction": "mean"},
    "svm_loss": {"squared": False, "reduction": "mean"},
    **{name: {"reduction": "mean"} for name in ("mse_loss", "l1_loss")},
    "smooth_l1_loss": {"reduction": "mean", "beta": 1.0},
}
FUNCTIONS = {function.__name__: function for function in public_functions()}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_defaults(name):
    parameters = signature(FUNCTIONS[name]).parameters
    found = {key: one.default for key, one in parameters.items() if one.default is not Parameter.empty}
    assert found == DEFAULTS.get(name, {})


def test_every_default_is_some_function_s():
    assert DEFAULTS.keys() <= FUNCTIONS.keys()
