"""Optimisers: each is PyTorch's update rule, run as one kernel over a parameter."""

from minigrad.optim.optimizer import Optimizer
from minigrad.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]
