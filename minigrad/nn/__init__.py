"""Modules, layers and initialisation; `minigrad.nn.functional` names the functions they call."""

from minigrad.nn import functional, init
from minigrad.nn.layers import (
    AvgPool2d,
    Conv2d,
    CrossEntropyLoss,
    Dropout,
    Flatten,
    Linear,
    LogSoftmax,
    MaxPool2d,
    ReLU,
    Sigmoid,
    Softmax,
    Tanh,
    VanillaDropout,
)
from minigrad.nn.module import Module, Sequential
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
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "VanillaDropout",
    "functional",
    "init",
]
