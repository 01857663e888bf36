"""The functions behind the layers, under the names PyTorch gives them. Each is documented where it is declared."""

from minigrad.ops.activation import elu, gelu, leaky_relu, relu, silu, softplus
from minigrad.ops.classes import one_hot
from minigrad.ops.conv import conv1d, conv2d
from minigrad.ops.conv_transpose import conv_transpose2d
from minigrad.ops.dropout import dropout, vanilla_dropout
from minigrad.ops.elementwise import sigmoid, tanh
from minigrad.ops.likelihood import binary_cross_entropy_with_logits, cross_entropy, nll_loss
from minigrad.ops.loss import l1_loss, mse_loss, smooth_l1_loss
from minigrad.ops.margin import multi_margin_loss, svm_loss
from minigrad.ops.matmul import linear
from minigrad.ops.pad import pad
from minigrad.ops.pool import avg_pool2d, max_pool2d
from minigrad.ops.softmax import log_softmax, softmax
from minigrad.ops.unfold import fold, locally_connected2d, unfold

__all__ = [
    "avg_pool2d",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "elu",
    "fold",
    "gelu",
    "l1_loss",
    "leaky_relu",
    "linear",
    "locally_connected2d",
    "log_softmax",
    "max_pool2d",
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
