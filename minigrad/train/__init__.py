"""Training: a loop of readable length, what it remembers, its curves, and checkpoints."""

from minigrad.train.checkpoint import Description, load_checkpoint, save_checkpoint
from minigrad.train.checks import Finding, Report, check
from minigrad.train.history import Epoch, History, save_history
from minigrad.train.plots import plot_history
from minigrad.train.scales import Scales, look
from minigrad.train.trainer import evaluate, fit
from minigrad.train.weights import load_weights, save_weights

__all__ = [
    "Description",
    "Epoch",
    "Finding",
    "History",
    "Report",
    "Scales",
    "check",
    "evaluate",
    "fit",
    "load_checkpoint",
    "load_weights",
    "look",
    "plot_history",
    "save_checkpoint",
    "save_history",
    "save_weights",
]
