"""Networks of the literature, one file a family."""

from minigrad.models.convnet import ConvNet
from minigrad.models.lenet import LeNet
from minigrad.models.mlp import MLP
from minigrad.models.registry import MODELS, build_model

__all__ = ["MLP", "MODELS", "ConvNet", "LeNet", "build_model"]
