"""Modules, layers and initialisation; `minigrad.nn.functional` names the functions they call."""

from minigrad.nn import functional, init
from minigrad.nn.containers import ModuleList, Sequential
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
