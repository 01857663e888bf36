"""Training: a loop of readable length, what it remembers, its curves, and checkpoints."""

from minigrad.train.checkpoint import Description, load_checkpoint, save_checkpoint
from minigrad.train.checkpoints import Checkpoints
from minigrad.train.checks import Finding, Report, check
from minigrad.train.diagnosis import Diagnosis, Verdict, babysit, diagnose
from minigrad.train.guard import LockedTestSet
from minigrad.train.history import Epoch, History, Look, Step
from minigrad.train.history_file import load_history, save_history
from minigrad.train.plots import plot_history
from minigrad.train.run_state import RunState
from minigrad.train.scales import Scales, look
from minigrad.train.search_result import SearchResult, Trial
from minigrad.train.search_stages import search
from minigrad.train.ten_crop import TenCropAverage, ten_crop
from minigrad.train.trainer import DivergenceError, evaluate, fit
from minigrad.train.weights import load_weights, save_weights

__all__ = [
    "Checkpoints",
    "Description",
    "Diagnosis",
    "DivergenceError",
    "Epoch",
    "Finding",
    "History",
    "LockedTestSet",
    "Look",
    "Report",
    "RunState",
    "Scales",
    "SearchResult",
    "Step",
    "TenCropAverage",
    "Trial",
    "Verdict",
    "babysit",
    "check",
    "diagnose",
    "evaluate",
    "fit",
    "load_checkpoint",
    "load_history",
    "load_weights",
    "look",
    "plot_history",
    "save_checkpoint",
    "save_history",
    "save_weights",
    "search",
    "ten_crop",
]
