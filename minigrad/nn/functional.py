"""The functions behind the layers, under the names PyTorch gives them. Each is documented where it is declared."""

from minigrad.ops.conv import conv2d
from minigrad.ops.dropout import dropout, vanilla_dropout
from minigrad.ops.elementwise import relu, sigmoid, tanh
from minigrad.ops.index import pad
from minigrad.ops.loss import cross_entropy, log_softmax, softmax
from minigrad.ops.matmul import linear
from minigrad.ops.pool import avg_pool2d, max_pool2d

__all__ = [
    "avg_pool2d",
    "conv2d",
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "max_pool2d",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
    "vanilla_dropout",
]
