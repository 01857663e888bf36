"""Networks of the literature, one file a family."""

from minigrad.models.alexnet import AlexNet, AlexNet2012
from minigrad.models.convnet import ConvNet
from minigrad.models.convnetjs import ConvNetJSCifar10, ConvNetJSMnist
from minigrad.models.googlenet import GoogLeNet, GoogLeNetOutputs
from minigrad.models.lenet import LeNet
from minigrad.models.mlp import MLP
from minigrad.models.registry import MODELS, build_model
from minigrad.models.resnet import CifarResNet, ResNet
from minigrad.models.vgg import VGG

__all__ = [
    "MLP",
    "MODELS",
    "VGG",
    "AlexNet",
    "AlexNet2012",
    "CifarResNet",
    "ConvNet",
    "ConvNetJSCifar10",
    "ConvNetJSMnist",
    "GoogLeNet",
    "GoogLeNetOutputs",
    "LeNet",
    "ResNet",
    "build_model",
]
