"""The functions behind the layers, under the names PyTorch gives them. Each is documented where it is declared."""

from minigrad.ops.activation import elu, gelu, leaky_relu, relu, silu, softplus
from minigrad.ops.adaptive import adaptive_avg_pool2d, adaptive_max_pool2d, max_unpool2d
from minigrad.ops.classes import one_hot
from minigrad.ops.conv import conv1d, conv2d
from minigrad.ops.conv_transpose import conv_transpose2d
from minigrad.ops.dropout import dropout, dropout2d, vanilla_dropout
from minigrad.ops.elementwise import sigmoid, tanh
from minigrad.ops.likelihood import binary_cross_entropy_with_logits, cross_entropy, nll_loss
from minigrad.ops.loss import l1_loss, mse_loss, smooth_l1_loss
from minigrad.ops.margin import multi_margin_loss, svm_loss
from minigrad.ops.matmul import linear
from minigrad.ops.norm import batch_norm, layer_norm
from minigrad.ops.pad import pad
from minigrad.ops.pool import avg_pool2d, max_pool2d
from minigrad.ops.response_norm import local_response_norm
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.ops.unfold import fold, locally_connected2d, unfold

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "elu",
    "fold",
    "gelu",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "locally_connected2d",
    "log_softmax",
    "max_pool2d",
    "max_unpool2d",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "relu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "svm_loss",
    "tanh",
    "unfold",
    "vanilla_dropout",
]
