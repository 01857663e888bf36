"""The functions behind the layers, under the names PyTorch gives them. Each is documented where it is declared."""

from minigrad.ops.conv import conv1d, conv2d
from minigrad.ops.conv_transpose import conv_transpose2d
from minigrad.ops.dropout import dropout, vanilla_dropout
from minigrad.ops.elementwise import relu, sigmoid, tanh
from minigrad.ops.index import pad
from minigrad.ops.loss import cross_entropy, log_softmax, softmax
from minigrad.ops.matmul import linear
from minigrad.ops.pool import avg_pool2d, max_pool2d
from minigrad.ops.unfold import fold, locally_connected2d, unfold

__all__ = [
    "avg_pool2d",
    "conv1d",
    "conv2d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "fold",
    "linear",
    "locally_connected2d",
    "log_softmax",
    "max_pool2d",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "unfold",
    "vanilla_dropout",
]
