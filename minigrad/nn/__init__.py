"""Modules, layers and initialisation; `minigrad.nn.functional` names the functions they call."""

from minigrad.nn import functional, init
from minigrad.nn.containers import ModuleList, Sequential
from minigrad.nn.layers.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from minigrad.nn.layers.conv import Conv2d
from minigrad.nn.layers.dropout import Dropout, VanillaDropout
from minigrad.nn.layers.linear import Linear
from minigrad.nn.layers.loss import CrossEntropyLoss
from minigrad.nn.layers.pool import AvgPool2d, MaxPool2d
from minigrad.nn.layers.shape import Flatten
from minigrad.nn.module import Module
from minigrad.nn.summary import Summary, summary
from minigrad.tensor import Buffer, Parameter

__all__ = [
    "AvgPool2d",
    "Buffer",
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Linear",
    "LogSoftmax",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Summary",
    "Tanh",
    "VanillaDropout",
    "functional",
    "init",
    "summary",
]
