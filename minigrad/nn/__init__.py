"""Modules, layers and initialisation; `minigrad.nn.functional` names the functions they call."""

from minigrad.nn import functional, init
from minigrad.nn.containers import ModuleList, Sequential
from minigrad.nn.layers.activation import (
    ELU,
    GELU,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from minigrad.nn.layers.conv import Conv1d, Conv2d, ConvTranspose2d, LocallyConnected2d
from minigrad.nn.layers.dropout import Dropout, Dropout2d, VanillaDropout
from minigrad.nn.layers.linear import Linear
from minigrad.nn.layers.loss import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    L1Loss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    SmoothL1Loss,
    SVMLoss,
)
from minigrad.nn.layers.norm import BatchNorm1d, BatchNorm2d, LayerNorm, LocalResponseNorm
from minigrad.nn.layers.pool import AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d, MaxUnpool2d
from minigrad.nn.layers.shape import Flatten, Fold, Unfold, ZeroPad2d
from minigrad.nn.module import Module
from minigrad.nn.summary import Summary, summary
from minigrad.tensor import Buffer, Parameter

__all__ = [
    "ELU",
    "GELU",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "Fold",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LocallyConnected2d",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "MaxUnpool2d",
    "Module",
    "ModuleList",
    "MultiMarginLoss",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "SVMLoss",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Summary",
    "Tanh",
    "Unfold",
    "VanillaDropout",
    "ZeroPad2d",
    "functional",
    "init",
    "summary",
]
