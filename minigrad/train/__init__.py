"""Training: a loop of readable length, what it remembers, and its curves."""

from minigrad.train.history import Epoch, History
from minigrad.train.plots import plot_history
from minigrad.train.trainer import evaluate, fit

__all__ = ["Epoch", "History", "evaluate", "fit", "plot_history"]
