"""Networks of the literature, one file a family."""

from minigrad.models.convnet import ConvNet

__all__ = ["ConvNet"]
